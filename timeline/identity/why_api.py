"""`GET /api/v1/profiles/{id}/identity/`: why these channel identities are one person, in facts and in words."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from profiles.api import ChannelIdentitySerializer, ProfileSummarySerializer, TemporaryRedirect, elsewhere
from profiles.identity_schema import OperationSerializer
from profiles.models import ChannelIdentity
from profiles.why import SightingWhy, Why, why
from profiles.wording import because_words, grade_words, kind_words, value_words, verb_words
from timeline.models import Entry


class SightingWhySerializer(serializers.Serializer[Any]):
    """`ties` are the channel identities it ties this one to; `entry` is the timeline entry that showed it."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    scope = serializers.CharField()
    value = serializers.CharField()
    status = serializers.CharField()
    grade = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field called source, not its option
    entry = serializers.IntegerField(allow_null=True)
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    withdrawn_by = serializers.IntegerField(allow_null=True)
    ties = serializers.ListField(child=serializers.IntegerField())
    also_used_by = ProfileSummarySerializer(many=True)
    words = serializers.CharField()


class IdentityWhySerializer(ChannelIdentitySerializer):
    sightings = SightingWhySerializer(many=True)


class BoundaryWhySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    channel = serializers.CharField()
    address = serializers.CharField()
    starts_at = serializers.DateTimeField()
    reason = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field called source, not its option
    operation = serializers.IntegerField(allow_null=True)
    withdrawn_by = serializers.IntegerField(allow_null=True)


class DecisionWhySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    operation = serializers.IntegerField()
    verdict = serializers.CharField()
    one = serializers.IntegerField()
    other = serializers.IntegerField()
    other_profile = ProfileSummarySerializer(allow_null=True)
    actor = serializers.CharField()
    reason = serializers.CharField()
    at = serializers.DateTimeField()
    retracted_by = serializers.IntegerField(allow_null=True)


class HeldWhySerializer(serializers.Serializer[Any]):
    one = serializers.IntegerField()
    other = serializers.IntegerField()
    other_profile = ProfileSummarySerializer()
    kind = serializers.CharField()
    scope = serializers.CharField()
    value = serializers.CharField()
    because = serializers.CharField()
    rivals = serializers.IntegerField()
    words = serializers.CharField()


class OperationWhySerializer(OperationSerializer):
    words = serializers.CharField()


class WhySerializer(serializers.Serializer[Any]):
    """`policy` is the version of the rules; `is_cut` says that there are more sightings than are listed."""

    id = serializers.IntegerField()
    display_name = serializers.CharField()
    policy = serializers.IntegerField()
    channel_identities = IdentityWhySerializer(many=True)
    boundaries = BoundaryWhySerializer(many=True)
    decisions = DecisionWhySerializer(many=True)
    held = HeldWhySerializer(many=True)
    operations = OperationWhySerializer(many=True)
    is_cut = serializers.BooleanField()


class Identity(APIView):
    """Each channel identity with what ties it in, held ties, boundaries, decisions, and the log of operations."""

    @extend_schema(responses={200: WhySerializer, 307: OpenApiResponse(description="merged into another profile")})
    def get(self, request: Request, profile_id: int) -> Response | TemporaryRedirect:
        found = why(profile_id)
        if found is None:
            return elsewhere(request, profile_id)
        return Response(WhySerializer(why_document(found)).data)


def why_document(found: Why) -> dict[str, Any]:
    """The reasons with their sentences, sightings under their channel identity, each with its entry."""
    document = asdict(found)
    entries = source_entries(found.sightings)
    sightings: dict[int, list[dict[str, Any]]] = {}
    for sighting in found.sightings:
        words = {"words": sighting_words(sighting), "entry": entries.get(sighting.id)}
        sightings.setdefault(sighting.channel_identity, []).append(asdict(sighting) | words)
    for identity in document["channel_identities"]:
        identity["sightings"] = sightings.get(identity["id"], [])
    for held in document["held"]:
        held["words"] = because_words(held["because"])
    for operation in document["operations"]:
        operation["words"] = verb_words(operation["verb"], operation["detail"])
    return document


def sighting_words(sighting: SightingWhy) -> str:
    """The sighting as one phrase: what was seen and how far it can be believed."""
    value = value_words(sighting.kind, sighting.value)
    return f"{kind_words(sighting.kind)} {value}".strip() + f" ({grade_words(sighting.grade)})"


def source_entries(sightings: Iterable[SightingWhy]) -> Mapping[int, int]:
    """The timeline entry that each sighting came with, where it came with one."""
    listed = list(sightings)
    ids = {sighting.channel_identity for sighting in listed}
    accounts = dict(ChannelIdentity.objects.filter(id__in=ids).values_list("id", "account_id"))
    rows = Entry.objects.filter(
        account_id__in=set(accounts.values()), provider_message_id__in={s.source for s in listed if s.source}
    )
    found = {
        (account, message): pk for pk, account, message in rows.values_list("id", "account_id", "provider_message_id")
    }
    places = {s.id: (accounts.get(s.channel_identity), s.source) for s in listed}
    return {pk: found[place] for pk, place in places.items() if place in found}
