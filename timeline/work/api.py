"""`/api/v1/profiles/{id}/work/`: the work state of a customer, and one deed at a time."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from profiles.access import actor_of
from profiles.api import TemporaryRedirect, elsewhere
from profiles.models import ChannelIdentity, StaffMember
from profiles.operations import UnknownProfileError
from profiles.reading import current_profile_id
from timeline.models import Entry
from timeline.work import verbs
from timeline.work.reading import work_of
from timeline.work.schema import DEEDS, ME, DeedSerializer, DoneWorkSerializer, WorkSerializer
from timeline.work.writing import place_of

PROBLEM = "application/problem+json"
LONGEST_KEY = 200

Said = Mapping[str, Any]
Deed = Callable[[int, Said, StaffMember, str], Entry | None]


class ProfileWork(APIView):
    """Who has a customer and what is to be done: the state, and one deed at a time by `do`.

    A deed that changes nothing writes nothing and answers with `entry` null. 422 says in words why it cannot be; 409
    that a colleague has the customer whom `only_if_free` asked for. With an `Idempotency-Key` a note is written once,
    however often it is sent.
    """

    @extend_schema(
        operation_id="work_retrieve",
        responses={200: WorkSerializer, 307: OpenApiResponse(description="merged into another profile")},
    )
    def get(self, request: Request, profile_id: int) -> Response | TemporaryRedirect:
        if current_profile_id(profile_id) != profile_id:
            return elsewhere(request, profile_id)
        return Response(WorkSerializer(work_of(profile_id)).data)

    @extend_schema(
        operation_id="work_create",
        request=PolymorphicProxySerializer(
            component_name="WorkDeed", serializers=dict(DEEDS), resource_type_field_name="do"
        ),
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="for notes")],
        responses={
            200: DoneWorkSerializer,
            307: OpenApiResponse(description="merged into another profile"),
            409: OpenApiResponse(description="a colleague has the customer"),
            422: OpenApiResponse(description="it cannot be, and why"),
        },
    )
    def post(self, request: Request, profile_id: int) -> Response | TemporaryRedirect:
        if current_profile_id(profile_id) != profile_id:
            return elsewhere(request, profile_id)
        do, said = _said(request)
        try:
            entry = _DO[do](profile_id, said, actor_of(request), _key(request))
        except UnknownProfileError as error:
            raise NotFound(str(error)) from error
        except verbs.TakenError as error:
            return _problem(409, str(error))
        except verbs.WorkRefusedError as error:
            return _problem(422, str(error))
        # The profile may have been merged meanwhile.
        now = current_profile_id(profile_id) or profile_id
        return Response(DoneWorkSerializer({"entry": entry, "work": work_of(now)}).data)


def _said(request: Request) -> tuple[str, Said]:
    """The deed and what it takes. Raises ValidationError."""
    named = DeedSerializer(data=request.data)
    named.is_valid(raise_exception=True)
    do = named.validated_data["do"]
    if do not in DEEDS:
        raise ValidationError({"do": [f"expected one of {', '.join(DEEDS)}"]})
    checked = DEEDS[do](data=request.data)
    checked.is_valid(raise_exception=True)
    return do, checked.validated_data


def _key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise ValidationError({"Idempotency-Key": [f"expected at most {LONGEST_KEY} visible characters"]})
    return str(key)


def _assign(profile_id: int, said: Said, actor: StaffMember, _: str) -> Entry | None:
    to = actor if said["to"] == ME else None
    if to is None and said["to"] is not None:
        to = StaffMember.objects.filter(id=said["to"]).first()
        if to is None:
            raise ValidationError({"to": ["no such member"]})
    only_if_free = said["only_if_free"]
    return verbs.assign(profile_id, to, actor=actor, reason=said["reason"], only_if_free=only_if_free)


def _note(profile_id: int, said: Said, actor: StaffMember, key: str) -> Entry | None:
    place = said["channel_identity"] or place_of(profile_id)
    if not ChannelIdentity.objects.filter(id=place, profile_id=profile_id).exists():
        raise ValidationError({"channel_identity": ["not one of this profile's"]})
    return verbs.write_note(place, said["text"], actor=actor, mentions=said["mentions"], key=key)


def _entry(profile_id: int, said: Said) -> Entry:
    """The entry named, one of this profile's. Raises ValidationError."""
    entry = Entry.objects.filter(id=said["entry"], channel_identity__profile_id=profile_id).first()
    if entry is None:
        raise ValidationError({"entry": ["not an entry of this profile"]})
    return entry


def _kept(profile_id: int, said: Said, actor: StaffMember, _: str) -> Entry | None:
    """After an unmerge a promise is both customers', and its entry one's only."""
    entry = Entry.objects.filter(id=said["entry"]).first()
    if entry is None:
        raise ValidationError({"entry": ["not a promise of this profile"]})
    return verbs.keep_promise(entry, actor=actor, profile_id=profile_id)


_DO: Mapping[str, Deed] = MappingProxyType(
    {
        "assign": _assign,
        "resolve": lambda pk, said, actor, _: verbs.resolve(pk, actor=actor, reason=said["reason"]),
        "reopen": lambda pk, said, actor, _: verbs.reopen(pk, actor=actor, reason=said["reason"]),
        "snooze": lambda pk, said, actor, _: verbs.snooze(pk, said["until"], actor=actor, reason=said["reason"]),
        "wake": lambda pk, said, actor, _: verbs.wake(pk, actor=actor),
        "prioritise": lambda pk, said, actor, _: verbs.set_priority(pk, said["priority"], actor=actor),
        "tag": lambda pk, said, actor, _: verbs.tag(pk, said["tag"], actor=actor),
        "untag": lambda pk, said, actor, _: verbs.untag(pk, said["tag"], actor=actor),
        "promise": lambda pk, said, actor, _: verbs.promise(pk, said["on"], text=said["text"], actor=actor),
        "keep_promise": _kept,
        "pin": lambda pk, said, actor, _: verbs.pin(_entry(pk, said), actor=actor),
        "unpin": lambda pk, said, actor, _: verbs.unpin(_entry(pk, said), actor=actor),
        "note": _note,
    }
)


def _problem(status: int, detail: str) -> Response:
    problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(problem, status=status, content_type=PROBLEM)
