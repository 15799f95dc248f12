"""What machines call: webhooks, the API and its documentation, health, the live ticket."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from cxhub import health
from cxhub.api_docs import api_docs
from cxhub.live_ticket import live_ticket, staff

urlpatterns = [
    path("", include("channels_ingest.urls")),
    path("api/v1/", include("channels_ingest.api_urls")),
    path("api/v1/", include("profiles.api_urls")),
    path("api/v1/", include("timeline.api_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", login_not_required(api_docs), name="api-docs"),
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("live/ticket/", live_ticket, name="live-ticket"),
    path("session/staff/", staff, name="session-staff"),
]
