"""The receiver: size, signature over raw bytes, one INSERT, answer. Plain Django views; nothing else is done here.

Nothing a provider sees depends on parsing: what is signed is stored and answered 200, and understood later.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from channels_ingest import accounts, envelopes
from channels_ingest.adapters.base import CannotVerifyError, Delivery
from channels_ingest.intake import intake
from channels_ingest.line_tests import is_test
from channels_ingest.models import IntakeCount

log = logging.getLogger("cxhub.receiver")

#: What a sender is told to wait when its delivery could not be stored.
RETRY_AFTER_SECONDS = "5"
#: Read by adapters whose providers sign nothing and log in instead; a password is never stored beside what it opened.
CREDENTIALS = "authorization"
#: A provider that may be set to GET (Twilio, Vonage) would write what customers say into every log on the way.
POST_ONLY = b"no handshake of this provider; deliveries are taken by POST, so set its method for this address to POST\n"


@csrf_exempt
@login_not_required
def receive(request: HttpRequest, provider: str, key: str) -> HttpResponse:
    """One delivery, or the provider's handshake. 200 means that the delivery is a committed row."""
    try:
        line = accounts.line(provider, key)
        if line is None:
            return _answer(HTTPStatus.NOT_FOUND, b"no such webhook\n")
        if request.method == "GET":
            return _handshake(request, line)
        if request.method != "POST":
            return _answer(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "GET, POST"})
        return _deliver(request, line)
    except DatabaseError as error:
        connection.close()  # a connection that failed once is not used again
        log.error("delivery not stored", extra={"provider": provider, "fault": type(error).__name__})
        return _answer(HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": RETRY_AFTER_SECONDS})


def _handshake(request: HttpRequest, line: accounts.Line) -> HttpResponse:
    answer = line.adapter.handshake(request.GET.dict(), line.settings)
    if answer is None and (newer := accounts.renewed(line)):
        line, answer = newer, newer.adapter.handshake(request.GET.dict(), newer.settings)
    if answer is None:
        return _cannot_verify(line) if line.has_lost_secret else _answer(HTTPStatus.FORBIDDEN, POST_ONLY)
    return _answer(HTTPStatus.OK, answer.encode())


def _deliver(request: HttpRequest, line: accounts.Line) -> HttpResponse:
    body = _body(request, line.adapter.max_body_bytes)
    if body is None:
        intake.count(line.id, IntakeCount.Outcome.TOO_BIG)
        return _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    headers = {name: value for name in line.adapter.kept_headers if (value := request.META.get(_meta(name)))}
    # Never from Host or X-Forwarded-*: a proxy changes them, and what was printed is what the provider signs.
    url = f"{settings.PUBLIC_BASE_URL}{request.get_full_path()}"
    query = request.META.get("QUERY_STRING", "")
    delivery = Delivery(body=body, headers=headers, query=query, url=url, received_at=timezone.now())
    try:
        is_genuine = line.adapter.verify(delivery, line.settings)
        # A secret that was added a moment ago is good at once: some providers do not repeat what was refused.
        if not is_genuine and (newer := accounts.renewed(line)):
            line, is_genuine = newer, newer.adapter.verify(delivery, newer.settings)
    except CannotVerifyError as error:
        log.warning("delivery not verified", extra={"account": line.id, "fault": str(error)})
        return _answer(HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": RETRY_AFTER_SECONDS})
    if not is_genuine:
        if line.has_lost_secret:
            return _cannot_verify(line)
        intake.count(line.id, IntakeCount.Outcome.REFUSED)
        return _answer(line.adapter.refusal_status)
    is_ours = is_test(request.META, body)
    if _store(line, delivery, origin=envelopes.TEST if is_ours else ""):
        intake.nudge()
        if not is_ours:
            intake.count(line.id, IntakeCount.Outcome.ACCEPTED)
    else:
        intake.count(line.id, IntakeCount.Outcome.DUPLICATE)
    return _answer(HTTPStatus.OK)


def _cannot_verify(line: accounts.Line) -> HttpResponse:
    """The fault may be ours, so the sender is told to try again: it does so for hours, while 401 could end it."""
    log.error("delivery not verified: SECRET_KEY is another than it was", extra={"account": line.id})
    return _answer(HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": RETRY_AFTER_SECONDS})


def _answer(status: int, body: bytes = b"", *, headers: Mapping[str, str] = MappingProxyType({})) -> HttpResponse:
    """A plain answer with its length, which no middleware adds here; without it the server would send chunks."""
    response = HttpResponse(body, status=status, headers={"Content-Type": "text/plain", **headers})
    response["Content-Length"] = str(len(body))
    return response


def _store(line: accounts.Line, delivery: Delivery, *, origin: str) -> bool:
    """Stores the delivery; tries once more on a fresh connection, since a kept one dies with the server it was to."""
    key = line.adapter.delivery_key(delivery)
    kept = {name: value for name, value in delivery.headers.items() if name != CREDENTIALS}
    headers = envelopes.with_query(kept, delivery.query) | ({envelopes.ORIGIN: origin} if origin else {})
    try:
        return envelopes.store(line.id, key, delivery.body, headers)
    except DatabaseError:
        connection.close()
        return envelopes.store(line.id, key, delivery.body, headers)


def _body(request: HttpRequest, most_bytes: int) -> bytes | None:
    """The raw body, or None if it is larger than `most_bytes`. `cxhub.front` has read it, so its length is true."""
    try:
        claimed = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        claimed = 0
    if claimed > most_bytes:
        return None
    body = request.read(most_bytes + 1)
    return None if len(body) > most_bytes else body


def _meta(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
