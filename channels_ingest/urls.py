from django.urls import include, path

from channels_ingest.simulator.api import provider_api
from channels_ingest.webhooks import receive

urlpatterns = [
    path("webhooks/<str:provider>/<str:key>/", receive, name="webhook"),
    path("simulator/<str:provider>/<str:key>/<path:rest>", provider_api, name="simulator-api"),
    path("chat/v1/", include("channels_ingest.webchat.urls")),
]
