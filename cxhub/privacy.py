"""Customer data stays out of caches, search engines and browser features that no page uses."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

UNUSED_FEATURES = (
    "accelerometer", "autoplay", "camera", "display-capture", "geolocation", "gyroscope", "microphone", "midi",
    "payment", "usb", "browsing-topics",
)  # fmt: skip


class PrivatePagesMiddleware:
    """Every answer of the application is private; static files are answered before it and stay cacheable."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The view's answer, which no cache may keep unless the view itself said so."""
        response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")
        response.setdefault("X-Robots-Tag", "noindex, nofollow")
        response.setdefault("Permissions-Policy", ", ".join(f"{name}=()" for name in UNUSED_FEATURES))
        return response
