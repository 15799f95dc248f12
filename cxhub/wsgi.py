"""The web process: the receiver and files with nothing in front of them, everything else with the usual middleware."""

import os
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxhub.settings")

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from cxhub.bodies import Limits
from cxhub.running.parent_death import die_with_parent

die_with_parent()
django.setup(set_prefix=False)


#: What has no session, no cookie and no page: providers, files, and visitors of other sites.
BARE = ("/webhooks/", "/media/", "/chat/v1/")


#: What the middleware would say of every answer; a view that says otherwise is right.
GUARDS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class ReceiverHandler(WSGIHandler):
    """Django without middleware: a webhook and a file have no session, no cookie, no page and no template."""

    def load_middleware(self, is_async: bool = False) -> None:
        from django.conf import settings

        kept, settings.MIDDLEWARE = settings.MIDDLEWARE, []
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = kept

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """The view's answer, or Django's own to what no view took, which nothing may run."""
        response = super().get_response(request)
        for name, value in GUARDS.items():
            response.headers.setdefault(name, value)
        return response


_pages = WSGIHandler()
_receiver = ReceiverHandler()
resolve("/livez")  # loads every view, before the first request comes
#: The host that serves files and nothing else, if there is one.
_media_host = urlsplit(settings.MEDIA_LINKS_URL).netloc if settings.MEDIA_LINKS_URL != settings.PUBLIC_BASE_URL else ""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The receiver for `/webhooks/`, files, the web chat; the pages and the API for the rest."""
    path = environ.get("PATH_INFO", "")
    is_media = path.startswith("/media/")
    if _media_host and is_media != (environ.get("HTTP_HOST") == _media_host):
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0"), *GUARDS.items()])
        return [b""]
    handler = _receiver if path.startswith(BARE) else _pages
    return handler(environ, start_response)


def limits() -> Limits:
    """How long bodies may be: what each adapter takes, and what pages do that only staff may call."""
    from channels_ingest.registry import ADAPTERS

    return Limits({provider: adapter.max_body_bytes for provider, adapter in ADAPTERS.items()}, _is_for_staff)


def _is_for_staff(path: str) -> bool:
    try:
        view = resolve(path).func
    except Resolver404:
        return False
    return getattr(view, "is_for_staff", False)
