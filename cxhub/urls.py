"""Every URL of the hub."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("cxhub.machine_urls")),
    path("", include("cxhub.access_urls")),
    path("", include("timeline.urls")),
]
