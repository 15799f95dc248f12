"""Every URL of the hub."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("cxhub.machine_urls")),
]
