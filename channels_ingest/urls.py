from django.urls import include, path

from channels_ingest.webhooks import receive

urlpatterns = [
    path("webhooks/<str:provider>/<str:key>/", receive, name="webhook"),
    path("chat/v1/", include("channels_ingest.webchat.urls")),
]
