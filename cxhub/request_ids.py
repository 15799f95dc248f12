"""Every request has an id: in the answer's headers, on the page that says something went wrong, and in the log.

Whoever reports a fault reads it out, and its line in the log is found.
"""

import re
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from cxhub.logs import request_id

HEADER = "X-Request-ID"
#: What a proxy in front may have given it; anything else was chosen by a stranger.
_GIVEN = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)


class RequestIdMiddleware:
    """The proxy's id, or one of our own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, which says the id."""
        given = request.headers.get(HEADER, "")
        token = request_id.set(given if _GIVEN.fullmatch(given) else secrets.token_hex(6))
        try:
            response = self.get_response(request)
            response[HEADER] = request_id.get()
            return response
        finally:
            request_id.reset(token)
