"""Every URL of the hub."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("cxhub.machine_urls")),
    path("", include("cxhub.access_urls")),
    path("", include("timeline.urls")),
    path("", include("channels_ingest.page_urls")),
]

handler400 = "cxhub.problems.bad_request"
handler403 = "cxhub.problems.forbidden"
handler404 = "cxhub.problems.not_found"
handler500 = "cxhub.problems.server_error"
