"""`POST /api/v1/identify/` and `/api/v1/events/`: what our own servers know of customers, through the inbox.

As at a webhook, 202 means that the call is a committed row, and it is understood later; the receipt tells how that
went, item by item.
"""

import hashlib
import logging
import uuid
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http.request import RawPostDataException
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, NotFound, ParseError, UnsupportedMediaType, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_ingest import envelopes
from channels_ingest.adapters import trusted_server
from channels_ingest.adapters.base import PayloadError
from channels_ingest.evidence_schema import EVENTS, INTRODUCTIONS, AcceptedSerializer, ReceiptSerializer
from channels_ingest.intake import intake
from channels_ingest.models import Envelope, IntakeCount
from channels_ingest.receipts import receipt_of
from channels_ingest.sources import INBOX_KEY, inbox_account_id
from profiles.access import PostsEvidence

log = logging.getLogger("cxhub.receiver")

MOST_BODY_BYTES = 5_000_000
LONGEST_IDEMPOTENCY_KEY = 255
_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="the same for every retry of one call; 1 to 255 visible characters, kept for ever",
)
_ANSWERS = {
    202: AcceptedSerializer,
    400: OpenApiResponse(description="no JSON object or list of 1 to 1,000"),
    413: OpenApiResponse(description=f"larger than {MOST_BODY_BYTES} bytes"),
    422: OpenApiResponse(description="this Idempotency-Key came with another body before"),
    503: OpenApiResponse(description="could not be stored; try again"),
}


class TooBigError(APIException):
    """413: more than one call may carry."""

    status_code = 413
    default_detail = f"expected at most {MOST_BODY_BYTES} bytes; send the items in several calls"


class OtherBodyError(APIException):
    """422: a key names one call for ever, and this is another."""

    status_code = 422
    default_detail = "this Idempotency-Key was used for another body"


class NotStoredError(APIException):
    """503: nothing was stored, the caller keeps what it sent."""

    status_code = 503
    default_detail = "the hub cannot store it now; try again"
    wait = 5  # becomes Retry-After


class EvidenceView(APIView):
    """Who posts evidence, and what it is told when PostgreSQL is away."""

    permission_classes: list[type[BasePermission]] = [PostsEvidence]

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, DatabaseError):
            connection.close()  # a connection that failed once is not used again
            log.error("call not stored", extra={"fault": type(exc).__name__})
            exc = NotStoredError()
        return super().handle_exception(exc)

    def accept(self, request: Request, call: str) -> Response:
        """The call is a committed envelope, and the answer says where to look how it went."""
        body = _body(request)
        try:
            items = len(trusted_server.items_in(body))
        except PayloadError as error:
            raise ParseError(str(error)) from None
        receipt = _receipt(request, call, body)
        account_id, is_new = _store(receipt, body, {trusted_server.CALL: call, trusted_server.RECEIPT: receipt})
        if is_new:
            intake.nudge()
            intake.count(account_id, IntakeCount.Outcome.ACCEPTED)
        else:
            intake.count(account_id, IntakeCount.Outcome.DUPLICATE)
            _check_same(account_id, receipt, body)
        url = receipt_url(receipt)
        return Response({"receipt": receipt, "url": url, "items": items}, status=202, headers={"Location": url})


class Identify(EvidenceView):
    """Says who somebody is: identifiers that belong together, and traits. Nothing of it stands on the timeline."""

    @extend_schema(request=INTRODUCTIONS, parameters=[_KEY], responses=_ANSWERS)
    def post(self, request: Request) -> Response:
        return self.accept(request, trusted_server.IDENTIFY)


class Events(EvidenceView):
    """Puts page views, orders, payments and custom events on timelines, each once by its source and id."""

    @extend_schema(request=EVENTS, parameters=[_KEY], responses=_ANSWERS)
    def post(self, request: Request) -> Response:
        return self.accept(request, trusted_server.EVENTS)


class Receipt(EvidenceView):
    """What became of each item of a call."""

    @extend_schema(responses={200: ReceiptSerializer, 404: OpenApiResponse(description="no such receipt")})
    def get(self, request: Request, receipt: str) -> Response:
        envelope = None
        if receipt.isascii() and receipt.isprintable():
            calls = Envelope.objects.select_related("account")
            envelope = calls.filter(account_id=inbox_account_id(), delivery_key=receipt).first()
        if envelope is None:
            raise NotFound("no such receipt")
        document = {"receipt": receipt, "url": receipt_url(receipt), **receipt_of(envelope)}
        return Response(ReceiptSerializer(document).data)


def receipt_url(receipt: str) -> str:
    """Where the receipt is looked up."""
    return f"{settings.PUBLIC_BASE_URL}{reverse('api-receipt', args=[receipt])}"


def _body(request: Request) -> bytes:
    """The raw body. `cxhub.front` has read it, so its length is true. Raises TooBigError."""
    try:
        claimed = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        claimed = 0
    if claimed > MOST_BODY_BYTES:
        intake.count(inbox_account_id(), IntakeCount.Outcome.TOO_BIG)
        raise TooBigError
    try:
        return request.body
    except RawPostDataException:  # a form, which was read for its CSRF token
        raise UnsupportedMediaType(request.content_type, "expected application/json") from None


def _receipt(request: Request, call: str, body: bytes) -> str:
    """The delivery key of the call: what makes a retry the same one.

    The caller's key is its own: two servers may both count from 1. Without one, events are known by their bytes. An
    identify is not, because it counts as of now: name A, name B and name A again are three calls.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None:
        if not 1 <= len(key) <= LONGEST_IDEMPOTENCY_KEY or not key.isprintable():
            raise ValidationError({"Idempotency-Key": [f"expected 1 to {LONGEST_IDEMPOTENCY_KEY} visible characters"]})
        return f"k-{_digest(call.encode(), str(request.user.pk).encode(), key.encode())}"
    if call == trusted_server.EVENTS:
        return f"e-{_digest(body)}"
    return f"i-{uuid.uuid4().hex}"


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _store(receipt: str, body: bytes, headers: dict[str, Any]) -> tuple[int, bool]:
    """The call is stored: the account of the inbox, and whether it is new there.

    Tries once more on a fresh connection, since a kept one dies with the server it was to.
    """
    try:
        return _stored(receipt, body, headers)
    except DatabaseError:
        connection.close()
        return _stored(receipt, body, headers)


def _stored(receipt: str, body: bytes, headers: dict[str, Any]) -> tuple[int, bool]:
    account_id = envelopes.store_by_key(INBOX_KEY, receipt, body, headers)
    if account_id is not None:
        return account_id, True
    account_id = inbox_account_id()  # the call is a duplicate, or the hub's first one: then the account is made now
    return account_id, envelopes.store(account_id, receipt, body, headers)


def _check_same(account_id: int, receipt: str, body: bytes) -> None:
    """Raises OtherBodyError if the stored call is another. Once its body was pruned, nobody can tell any more."""
    stored = Envelope.objects.values_list("body", flat=True).get(account_id=account_id, delivery_key=receipt)
    if stored is not None and bytes(stored) != body:
        raise OtherBodyError
