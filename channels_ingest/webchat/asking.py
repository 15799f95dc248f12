"""What every call of the chat has around it: the site's origin, the session, the limits, and answers a site may read.

No cookie is ever set or read, so there is nothing for another site to ride on. The origin is checked here and not only
by browsers: a session counts on the sites of its own chat.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from channels_ingest import accounts
from channels_ingest.accounts import Line
from channels_ingest.adapters._origins import origins_in
from channels_ingest.adapters.base import PayloadError, read_json
from channels_ingest.adapters.webchat import PROVIDER
from channels_ingest.webchat import tokens, visitors
from channels_ingest.webchat.limits import WINDOW_SECONDS, Limit, is_allowed
from channels_ingest.webchat.models import ChatVisitor
from channels_ingest.webchat.tokens import Session
from profiles.callers import address_of
from profiles.models import ChannelAccount

log = logging.getLogger("cxhub.chat")

MOST_BODY_BYTES = 64_000
PREFLIGHT_SECONDS = 7_200
METHODS = "GET, POST, DELETE, OPTIONS"
#: In the environment of a held poll that `cxhub.front` asks once more; no header can be called so.
ASKS_AGAIN = "cxhub.asks_again"
#: How long this process may go on with what it knew of all sites.
_SITES_SECONDS = 5.0


class AskedWrongError(Exception):
    """The call is refused; the detail is for the site's developers and holds nothing of anybody."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call within a session, checked."""

    request: HttpRequest
    line: Line
    visitor: ChatVisitor
    session: Session

    def body(self) -> dict[str, Any]:
        """What was posted."""
        return body_of(self.request)


Parameters = ParamSpec("Parameters")
View = Callable[[HttpRequest], HttpResponse]


def call(*methods: str) -> Callable[[View], View]:
    """A view of the chat: its faults become problem documents, and every answer may be read by the sites that ask."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @login_not_required
        @wraps(view)
        def wrapped(request: HttpRequest) -> HttpResponse:
            if request.method == "OPTIONS":
                return _readable(request, _preflight())
            try:
                if request.method not in methods:
                    raise AskedWrongError(HTTPStatus.METHOD_NOT_ALLOWED, f"expected {' or '.join(methods)}")
                answer = view(request)
            except AskedWrongError as fault:
                answer = problem(fault.status, str(fault))
            except PayloadError as fault:
                answer = problem(HTTPStatus.BAD_REQUEST, str(fault))
            except DatabaseError as error:
                connection.close()  # a connection that failed once is not used again
                log.error("chat call failed", extra={"fault": type(error).__name__})
                answer = problem(HTTPStatus.SERVICE_UNAVAILABLE, "the hub cannot store it now; try again")
            return _readable(request, answer)

        return wrapped

    return decorate


def in_session(limit: Limit, *methods: str) -> Callable[[Callable[Concatenate[Asked, Parameters], HttpResponse]], View]:
    """A view that only a live session may call, so often."""

    def decorate(view: Callable[Concatenate[Asked, Parameters], HttpResponse]) -> View:
        @call(*methods)
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Parameters.args, **kwargs: Parameters.kwargs) -> HttpResponse:
            return view(_asked(request, limit), *args, **kwargs)

        return wrapped

    return decorate


def _asked(request: HttpRequest, limit: Limit) -> Asked:
    session = session_of(request)
    if session is None:
        raise AskedWrongError(HTTPStatus.UNAUTHORIZED, "the session has ended; POST /chat/v1/sessions for another")
    line = line_of(session.widget)
    check_origin(request, line)
    check_limit(request, limit, str(session.visitor_id))
    visitor = visitors.current(session)
    if visitor is None:
        raise AskedWrongError(HTTPStatus.UNAUTHORIZED, "the session was ended; POST /chat/v1/sessions for another")
    return Asked(request=request, line=line, visitor=visitor, session=session)


def session_of(request: HttpRequest) -> Session | None:
    """The session whose token the call carries, if it is genuine and not too old."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return tokens.read(token.strip()) if scheme.lower() == "bearer" and token else None


def line_of(widget_key: object) -> Line:
    """The chat of this widget key."""
    line = accounts.line(PROVIDER, widget_key) if isinstance(widget_key, str) and len(widget_key) <= 64 else None
    if line is None:
        raise AskedWrongError(HTTPStatus.NOT_FOUND, "widget_key: no chat has it")
    return line


def check_origin(request: HttpRequest, line: Line) -> None:
    """The call comes from a site of the chat. Browsers name the site in every call but a GET to the hub itself."""
    origin = request.headers.get("Origin")
    if origin is None and request.method == "GET":
        return
    if origin not in origins_in(line.settings.plain.get("allowed_origins", "")):
        raise AskedWrongError(HTTPStatus.FORBIDDEN, "this site is not among the chat's allowed_origins")


def check_limit(request: HttpRequest, limit: Limit, visitor: str) -> None:
    """The call is within its limits."""
    if ASKS_AGAIN in request.META:
        return
    if not is_allowed(limit, address=address_of(request), visitor=visitor):
        raise AskedWrongError(HTTPStatus.TOO_MANY_REQUESTS, "too many calls; try again in a minute")


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object that was posted."""
    body = request.read(MOST_BODY_BYTES + 1)
    if len(body) > MOST_BODY_BYTES:
        raise AskedWrongError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"expected at most {MOST_BODY_BYTES} bytes")
    if request.content_type != "application/json":
        raise AskedWrongError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected application/json")
    return read_json(body)


def answer_of(document: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """A JSON answer with its length, which no middleware adds here."""
    return _answer(status, "application/json", document)


def problem(status: HTTPStatus, detail: str) -> HttpResponse:
    """An RFC 9457 problem document."""
    document = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    answer = _answer(int(status), "application/problem+json", document)
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        answer["Retry-After"] = str(WINDOW_SECONDS if status == HTTPStatus.TOO_MANY_REQUESTS else 5)
    return answer


def nothing() -> HttpResponse:
    """It is done, and there is nothing to say."""
    answer = HttpResponse(status=HTTPStatus.NO_CONTENT)
    answer["Cache-Control"] = "no-store"
    return answer


def _answer(status: int, content_type: str, document: Mapping[str, Any]) -> HttpResponse:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    answer = HttpResponse(body, status=status, content_type=content_type)
    answer["Content-Length"] = str(len(body))
    answer["Cache-Control"] = "no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _preflight() -> HttpResponse:
    answer = HttpResponse(status=HTTPStatus.NO_CONTENT)
    answer["Access-Control-Allow-Methods"] = METHODS
    answer["Access-Control-Allow-Headers"] = "Authorization, Content-Type, X-File-Name"
    answer["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return answer


def _readable(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """The answer, which a script may read on the sites of the chats here and on no other; never with credentials."""
    answer["Vary"] = "Origin"
    origin = request.headers.get("Origin", "")
    if origin and origin in _sites():
        answer["Access-Control-Allow-Origin"] = origin
        answer["Access-Control-Expose-Headers"] = "Retry-After"
    return answer


@dataclass(slots=True)
class _Sites:
    at: float = 0.0
    known: frozenset[str] = frozenset()


_cache = _Sites()


def _sites() -> frozenset[str]:
    """The origins of all chats, a few seconds old at most: a preflight does not say which chat it is for."""
    if time.monotonic() - _cache.at > _SITES_SECONDS:
        rows = ChannelAccount.objects.filter(provider=PROVIDER, is_enabled=True)
        _cache.known = frozenset(origin for row in rows for origin in origins_in(row.setting("allowed_origins")))
        _cache.at = time.monotonic()
    return _cache.known


def forget_sites() -> None:
    """The next call looks the sites up again."""
    _cache.at, _cache.known = 0.0, frozenset()
