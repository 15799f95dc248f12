"""`POST /api/v1/profiles/{id}/consent/`, `.../block/`, `.../unblock/` and `/api/v1/messages/{entry}/spam/`.

What agents do on the page, for programs in an agent's role: the same verbs, the same record, the same refusals.
"""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from profiles.access import actor_of
from profiles.api import TemporaryRedirect, elsewhere
from profiles.ids import BIGGEST_ID
from profiles.models import ChannelIdentity
from profiles.reading import current_profile_id
from profiles.reading_rights import hidden_now
from timeline.consents import WORDS, write_down
from timeline.entries import Direction, EntryKind
from timeline.keeping_out import block, mark_spam, unblock
from timeline.models import Entry

_ELSEWHERE = OpenApiResponse(description="merged into another profile")
_MISSING = OpenApiResponse(description="no such profile or message")


class KeptOutSerializer(serializers.Serializer[Any]):
    """Whether the call changed anything; False where it was so already."""

    changed = serializers.BooleanField()


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class SaidConsentSerializer(serializers.Serializer[Any]):
    """What the customer said at one of their addresses. Somebody may have to show it one day: the reason is needed."""

    channel_identity = serializers.IntegerField(min_value=1, max_value=BIGGEST_ID)
    said = serializers.ChoiceField(choices=sorted(WORDS))
    reason = serializers.CharField(max_length=500)


class BlockSerializer(ReasonSerializer):
    """Which of the customer's addresses; all on lines that the caller may read if none is named."""

    channel_identities = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGGEST_ID),
        required=False,
        default=list,
        max_length=1_000,
    )


class SpamSerializer(ReasonSerializer):
    is_spam = serializers.BooleanField()


class Consent(APIView):
    """Writes down what the customer said about being written to. The newest word counts, and stays on record.

    `said`: marketing and no_marketing, nothing (no messages at all), again (messages again), no_opt_out (a doubtful
    message was none). What a provider blocks itself only the customer can lift.
    """

    @extend_schema(
        operation_id="profiles_consent",
        request=SaidConsentSerializer,
        responses={200: KeptOutSerializer, 307: _ELSEWHERE, 404: _MISSING},
    )
    def post(self, request: Request, profile_id: int) -> Response | TemporaryRedirect:
        if current_profile_id(profile_id) != profile_id:
            return elsewhere(request, profile_id)
        said = _checked(SaidConsentSerializer, request)
        (identity,) = _addresses(profile_id, [said["channel_identity"]], field="channel_identity")
        return _done(write_down(identity, said["said"], actor=actor_of(request), reason=said["reason"]))


class Block(APIView):
    """What comes from the addresses stays on the timeline and waits for nobody. The customer is not told."""

    @extend_schema(
        operation_id="profiles_block",
        request=BlockSerializer,
        responses={200: KeptOutSerializer, 307: _ELSEWHERE, 404: _MISSING},
    )
    def post(self, request: Request, profile_id: int) -> Response | TemporaryRedirect:
        return _turn(request, profile_id, is_blocking=True)


class Unblock(APIView):
    """The addresses are in the queue again, and what came from there meanwhile waits."""

    @extend_schema(
        operation_id="profiles_unblock",
        request=BlockSerializer,
        responses={200: KeptOutSerializer, 307: _ELSEWHERE, 404: _MISSING},
    )
    def post(self, request: Request, profile_id: int) -> Response | TemporaryRedirect:
        return _turn(request, profile_id, is_blocking=False)


class Spam(APIView):
    """A message of a customer is spam, or is none after all."""

    @extend_schema(
        operation_id="messages_spam", request=SpamSerializer, responses={200: KeptOutSerializer, 404: _MISSING}
    )
    def post(self, request: Request, entry_id: int) -> Response:
        said = _checked(SpamSerializer, request)
        rows = Entry.objects.filter(id=entry_id, kind=EntryKind.MESSAGE, direction=Direction.IN)
        entry = rows.first() if entry_id <= BIGGEST_ID else None
        if entry is None or entry.is_withheld:
            raise NotFound("no such message of a customer")
        return _done(mark_spam(entry, actor=actor_of(request), is_spam=said["is_spam"], reason=said["reason"]))


def _turn(request: Request, profile_id: int, *, is_blocking: bool) -> Response | TemporaryRedirect:
    if current_profile_id(profile_id) != profile_id:
        return elsewhere(request, profile_id)
    said = _checked(BlockSerializer, request)
    wanted = said["channel_identities"]
    identities = _addresses(profile_id, wanted, field="channel_identities") if wanted else _own_addresses(profile_id)
    verb = block if is_blocking else unblock
    return _done(verb([each.pk for each in identities], actor=actor_of(request), reason=said["reason"]))


def _checked(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    checked = serializer(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def _addresses(profile_id: int, wanted: list[int], *, field: str) -> list[ChannelIdentity]:
    """These of the profile's channel identities. Raises ValidationError if one is not on the profile now."""
    found = {each.pk: each for each in _all_addresses(profile_id).filter(id__in=wanted)}
    if missing := set(wanted) - found.keys():
        raise ValidationError({field: [f"not on this profile now: {', '.join(map(str, sorted(missing)))}"]})
    return list(found.values())


def _all_addresses(profile_id: int) -> Any:
    return ChannelIdentity.objects.filter(profile_id=profile_id, void_in=None)


def _own_addresses(profile_id: int) -> Any:
    return _all_addresses(profile_id).exclude(account_id__in=hidden_now())


def _done(changed: object) -> Response:
    return Response({"changed": bool(changed)})
