"""The web process: the receiver with nothing in front of it, and everything else with the usual middleware."""

import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxhub.settings")

import django
from django.core.handlers.wsgi import WSGIHandler

from cxhub.running.parent_death import die_with_parent

die_with_parent()
django.setup(set_prefix=False)


#: What has no session, no cookie and no page: providers, and visitors of other sites.
BARE = ("/webhooks/", "/chat/v1/")


class ReceiverHandler(WSGIHandler):
    """Django without middleware: a webhook has no session, no cookie, no page and no template."""

    def load_middleware(self, is_async: bool = False) -> None:
        from django.conf import settings

        kept, settings.MIDDLEWARE = settings.MIDDLEWARE, []
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = kept


_pages = WSGIHandler()
_receiver = ReceiverHandler()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The receiver for `/webhooks/` and the web chat, the pages and the API for the rest."""
    handler = _receiver if environ.get("PATH_INFO", "").startswith(BARE) else _pages
    return handler(environ, start_response)
