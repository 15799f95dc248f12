"""`POST /api/v1/profiles/{id}/messages/` and its retry: an agent, or a program in that role, answers a customer."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_ingest.sending.models import OutboxMessage
from channels_ingest.sending.retrying import retry
from channels_ingest.sending.schema import (
    AnsweredSinceSerializer,
    ClosedSerializer,
    MessageSerializer,
    RetrySerializer,
    SentSerializer,
    TakenBackSerializer,
    draft_of,
)
from channels_ingest.sending.several import send_all
from channels_ingest.sending.undoing import take_back
from channels_ingest.sending.wishes import AnsweredSinceError, Draft, OtherRequestError, SendRefusedError, Wish
from channels_ingest.writing.templates import UnfilledError, completed
from channels_ingest.writing.uploads import own_ids
from profiles.access import actor_of
from profiles.api import TemporaryRedirect, elsewhere
from profiles.ids import BIGGEST_ID
from profiles.models import ChannelIdentity
from profiles.reading import current_profile_id
from timeline.api import EntrySerializer
from timeline.models import Entry

LONGEST_KEY = 255
PROBLEM = "application/problem+json"
_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description=f"the same for every retry of one message; 1 to {LONGEST_KEY} visible characters, kept for ever",
)
_ANSWERS = {
    201: SentSerializer,
    404: OpenApiResponse(description="no such profile or message"),
    (409, PROBLEM): AnsweredSinceSerializer,
    (422, PROBLEM): ClosedSerializer,
}


class Messages(APIView):
    """Answers a customer on one of their addresses. The entry is `queued` at once and changes as the provider reports.

    Nothing is sent when the address is closed (422) or a colleague answered after `last_seen_entry` (409).
    """

    @extend_schema(
        operation_id="messages_create",
        request=MessageSerializer,
        parameters=[_KEY],
        responses={**_ANSWERS, 307: OpenApiResponse(description="merged into another profile")},
    )
    def post(self, request: Request, profile_id: int) -> Response | TemporaryRedirect:
        if current_profile_id(profile_id) != profile_id:
            return elsewhere(request, profile_id)
        checked = MessageSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        said = checked.validated_data
        wish = Wish(
            author=actor_of(request),
            last_seen_entry=said["last_seen_entry"],
            key=_key(request),
            hold_seconds=said["hold_seconds"],
        )
        draft = draft_of(said)
        draft = replace(draft, files=own_ids(draft.files, author=wish.author))
        return _answer(lambda: send_all(profile_id, _read(draft), wish))


class Retry(APIView):
    """Sends a message that failed, or was not confirmed, again as a new one; repeated, it answers with the same one."""

    @extend_schema(operation_id="messages_retry", request=RetrySerializer, parameters=[_KEY], responses=_ANSWERS)
    def post(self, request: Request, entry_id: int) -> Response:
        checked = RetrySerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        said = checked.validated_data
        failed = OutboxMessage.objects.filter(entry_id=entry_id).first() if entry_id <= BIGGEST_ID else None
        if failed is None:
            raise NotFound("no such message was sent from here")
        wish = Wish(author=actor_of(request), last_seen_entry=said["last_seen_entry"], key=_key(request))
        return _answer(lambda: [retry(failed, wish, channel_identity_id=said["channel_identity"])])


class TakeBack(APIView):
    """Takes back a message that is still held (`hold_seconds`): it is never sent; its text is its author's draft."""

    @extend_schema(
        operation_id="messages_take_back",
        request=None,
        responses={200: TakenBackSerializer, (409, PROBLEM): ClosedSerializer},
    )
    def post(self, request: Request, entry_id: int) -> Response:
        if entry_id > BIGGEST_ID:
            raise NotFound("no such message was sent from here")
        try:
            taken = take_back(entry_id, actor_of(request))
        except SendRefusedError as error:
            return _problem(409, str(error), code=error.code)
        return Response({"profile": taken.profile_id, "channel_identity": taken.channel_identity_id})


def _key(request: Request) -> str | None:
    """The caller's Idempotency-Key. Raises ValidationError for one that cannot be kept."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (1 <= len(key) <= LONGEST_KEY and key.isprintable()):
        raise ValidationError({"Idempotency-Key": [f"expected 1 to {LONGEST_KEY} visible characters"]})
    return key


def _read(draft: Draft) -> Draft:
    """The draft with the text of its template, where the hub knows it. Raises UnfilledError."""
    if draft.template is None:
        return draft
    rows = ChannelIdentity.objects.filter(id=draft.channel_identity_id)
    template, text = completed(rows.values_list("account_id", flat=True).first() or 0, draft.template)
    return replace(draft, template=template, text=text or draft.text)


def _answer(verb: Callable[[], Sequence[Entry]]) -> Response:
    """201 with the entry; 409 with the colleague's; 422 with the reason."""
    try:
        first, *others = verb()
        return Response(EntrySerializer(first).data | {"more": [entry.pk for entry in others]}, status=201)
    except UnfilledError as error:
        return _problem(422, str(error), code="template")
    except AnsweredSinceError as error:
        return _problem(409, str(error), newest_answer=EntrySerializer(error.entry).data)
    except SendRefusedError as error:
        return _problem(422, str(error), code=error.code)
    except OtherRequestError as error:
        return _problem(422, str(error), code="idempotency_key")


def _problem(status: int, detail: str, **more: Any) -> Response:
    problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return Response(problem, status=status, content_type=PROBLEM)
