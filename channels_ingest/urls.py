from django.urls import include, path

from channels_ingest.media.serving import serve
from channels_ingest.webhooks import receive

urlpatterns = [
    path("webhooks/<str:provider>/<str:key>/", receive, name="webhook"),
    path("media/<str:token>/<str:name>", serve, name="media"),
    path("chat/v1/", include("channels_ingest.webchat.urls")),
]
