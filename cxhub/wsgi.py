"""The web process: the receiver and files with nothing in front of them, everything else with the usual middleware."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxhub.settings")

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from cxhub.bodies import EVIDENCE, Limits
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


#: What a server that calls with a token has no use for: sessions, forms, static files and what browsers do with pages.
OF_PAGES = frozenset(
    {
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "cxhub.compressing.CompressedPagesMiddleware",
        "csp.middleware.CSPMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "cxhub.preferring.ChosenLanguageMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    }
)


class BareHandler(WSGIHandler):
    """Django with this middleware alone: a webhook and a file have no session, no cookie, no page and no template."""

    def __init__(self, middleware: Sequence[str] = ()) -> None:
        self.middleware = list(middleware)
        super().__init__()

    def load_middleware(self, is_async: bool = False) -> None:
        kept, settings.MIDDLEWARE = settings.MIDDLEWARE, self.middleware
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
_receiver = BareHandler()
_evidence = BareHandler([name for name in settings.MIDDLEWARE if name not in OF_PAGES])
resolve("/livez")  # loads every view, before the first request comes
#: The host that serves files and nothing else, if there is one.
_media_host = urlsplit(settings.MEDIA_LINKS_URL).netloc if settings.MEDIA_LINKS_URL != settings.PUBLIC_BASE_URL else ""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The receiver for `/webhooks/`, files, the web chat; little for servers that post; pages and API for the rest."""
    path = environ.get("PATH_INFO", "")
    is_media = path.startswith("/media/")
    if _media_host and is_media != (environ.get("HTTP_HOST") == _media_host):
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0"), *GUARDS.items()])
        return [b""]
    return _handler(path, environ)(environ, start_response)


def _handler(path: str, environ: Mapping[str, Any]) -> WSGIHandler:
    if path.startswith(BARE):
        return _receiver
    # Without a token it may be a colleague's session, which only the middleware of pages knows.
    has_token = environ.get("HTTP_AUTHORIZATION", "").lower().startswith("bearer ")
    return _evidence if path in EVIDENCE and has_token else _pages


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
