from django.urls import include, path

from channels_ingest.media.serving import serve
from channels_ingest.ours_page import ours
from channels_ingest.sending.confirmation_page import confirm_claim
from channels_ingest.simulator import page
from channels_ingest.simulator.api import provider_api
from channels_ingest.unsubscribe_page import unsubscribe
from channels_ingest.webhooks import receive

urlpatterns = [
    path("webhooks/<str:provider>/<str:key>/", receive, name="webhook"),
    path("identity/sightings/<int:sighting_id>/confirm/", confirm_claim, name="confirm-claim"),
    path("media/<str:token>/<str:name>", serve, name="media"),
    path("simulator/", page.simulator, name="simulator"),
    path("simulator/become/", page.become, name="simulator-become"),
    path("simulator/<int:account_id>/", page.thread, name="simulator-thread"),
    path("simulator/<int:account_id>/write/", page.write, name="simulator-write"),
    path("simulator/<str:provider>/<str:key>/<path:rest>", provider_api, name="simulator-api"),
    path("inbox/spam/ours/", ours, name="ours"),
    path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe"),
    path("chat/v1/", include("channels_ingest.webchat.urls")),
]
