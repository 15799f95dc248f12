"""`POST /api/v1/profiles/` and `POST /api/v1/profiles/{id}/addresses/`: staff write down who can be reached where."""

from http import HTTPStatus
from typing import Any

from django.db import transaction
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_ingest.starting.addressing import AddressRefusedError, typed_on
from channels_ingest.starting.conversation import Started, add, make
from profiles.access import actor_of
from profiles.adding import TakenError, TypedAddress
from profiles.api import ProfileList, TemporaryRedirect, elsewhere
from profiles.ids import BIGGEST_ID
from profiles.models import ChannelAccount
from profiles.reading import current_profile_id

MOST_ADDRESSES = 10
PROBLEM = "application/problem+json"


class NewAddressSerializer(serializers.Serializer[Any]):
    """`account` is the key or, if only one line has it, the name of the line that reaches the address."""

    account = serializers.CharField(max_length=120)
    address = serializers.CharField(max_length=320)


class NewProfileSerializer(serializers.Serializer[Any]):
    """A customer, by the addresses they gave. They are claims: nobody joins them by what was typed."""

    name = serializers.CharField(max_length=200, allow_blank=True, default="")
    addresses = serializers.ListField(child=NewAddressSerializer(), allow_empty=False, max_length=MOST_ADDRESSES)
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class AddAddressSerializer(NewAddressSerializer):
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class StartedSerializer(serializers.Serializer[Any]):
    """Where to write. `operation` can be undone; null if there was nothing to write down."""

    profile = serializers.IntegerField(source="profile_id")
    channel_identity = serializers.IntegerField(source="channel_identity_id")
    operation = serializers.IntegerField(allow_null=True)


class TakenSerializer(serializers.Serializer[Any]):
    """409: the address belongs to these profiles."""

    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    profiles = serializers.ListField(child=serializers.IntegerField())


_ANSWERS = {
    201: StartedSerializer,
    400: OpenApiResponse(description="no such line, or nobody can have this address"),
    (409, PROBLEM): TakenSerializer,
}


class Profiles(ProfileList):
    """Profiles by identifier, or all of them by id; and making one by hand."""

    @extend_schema(operation_id="profiles_create", request=NewProfileSerializer, responses=_ANSWERS)
    def post(self, request: Request) -> Response:
        said = _said(request, NewProfileSerializer)
        typed = [_typed(each) for each in said["addresses"]]
        try:
            started = make(typed, actor=actor_of(request), name=said["name"], reason=said["reason"])
        except TakenError as error:
            return taken(error)
        return Response(StartedSerializer(started).data, status=201)


class Addresses(APIView):
    """An address that a customer gave is theirs, by the word of whoever says so; 200 if it was already."""

    @extend_schema(
        operation_id="profiles_addresses_create",
        request=AddAddressSerializer,
        responses={200: StartedSerializer, **_ANSWERS, 404: OpenApiResponse(description="no such profile")},
    )
    def post(self, request: Request, profile_id: int) -> Response | TemporaryRedirect:
        if profile_id > BIGGEST_ID:
            raise NotFound("no profile has or had this id")
        if current_profile_id(profile_id) != profile_id:
            return elsewhere(request, profile_id)
        said = _said(request, AddAddressSerializer)
        try:
            with transaction.atomic():
                started = add(profile_id, _typed(said), actor=actor_of(request), reason=said["reason"])
        except TakenError as error:
            return taken(error)
        return Response(StartedSerializer(started).data, status=_status(started))


def _status(started: Started) -> int:
    return 200 if started.operation is None else 201


def _said(request: Request, serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    checked = serializer(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def _typed(said: Any) -> TypedAddress:
    """Raises ValidationError for an unknown line or an address that nobody can have."""
    name = said["account"]
    rows = list(ChannelAccount.objects.filter(key=name)[:1] or ChannelAccount.objects.filter(name=name)[:2])
    if len(rows) != 1:
        raise ValidationError({"account": ["expected the key of a line, or a name that only one line has"]})
    try:
        return typed_on(rows[0], said["address"])
    except AddressRefusedError as error:
        raise ValidationError({"address": [str(error)]}) from None


def taken(error: TakenError) -> Response:
    """409 with whose it is."""
    problem = {
        "type": "about:blank",
        "title": HTTPStatus.CONFLICT.phrase,
        "status": 409,
        "detail": str(error),
        "profiles": list(error.profile_ids),
    }
    return Response(problem, status=409, content_type=PROBLEM)
