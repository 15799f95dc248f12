"""What the identity API takes and answers."""

from typing import Any

from rest_framework import serializers

from profiles.api import (
    ChannelIdentitySerializer,
    ConsentSerializer,
    IdentifierSerializer,
    ProfileSummarySerializer,
    TraitSerializer,
)
from profiles.identity.values import IdentifierKind, IdentifierStatus
from profiles.ids import BIGGEST_ID


def _id() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=BIGGEST_ID)


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500, allow_blank=True, default="", trim_whitespace=True)


class MergeSerializer(ReasonSerializer):
    """`choices` names for a trait the id of the value to show, out of `trait_details`."""

    other = _id()
    choices = serializers.DictField(child=_id(), default=dict)


class UnmergeSerializer(ReasonSerializer):
    channel_identities = serializers.ListField(child=_id(), allow_empty=False, max_length=10_000)


class DecideSerializer(ReasonSerializer):
    decision = serializers.ChoiceField(choices=["same", "different"])


class BoundarySerializer(ReasonSerializer):
    channel_identity = _id()
    since = serializers.DateTimeField()


class MarkSerializer(ReasonSerializer):
    kind = serializers.ChoiceField(choices=list(IdentifierKind))
    scope = serializers.CharField(max_length=120, allow_blank=True, default="")
    value = serializers.CharField(max_length=320)
    status = serializers.ChoiceField(choices=list(IdentifierStatus))


class OperationSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    verb = serializers.CharField()
    actor = serializers.CharField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    is_standing = serializers.BooleanField()
    undoes = serializers.IntegerField(allow_null=True)
    subjects = ProfileSummarySerializer(many=True)
    detail = serializers.JSONField()


class OperationListSerializer(serializers.Serializer[Any]):
    results = OperationSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class DoneProfileSerializer(ProfileSummarySerializer):
    channel_identities = serializers.ListField(child=serializers.IntegerField())


class DoneSerializer(serializers.Serializer[Any]):
    """`operation` is null when there was nothing to do."""

    operation = OperationSerializer(allow_null=True)
    profiles = DoneProfileSerializer(many=True)


class ReviewSerializer(serializers.Serializer[Any]):
    """Each of `reasons` has a `code`, its facts, and its sentence under `words`."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    one = ProfileSummarySerializer()
    other = ProfileSummarySerializer()
    reasons = serializers.ListField(child=serializers.DictField())
    raised_at = serializers.DateTimeField()
    again_since = serializers.DateTimeField(allow_null=True)


class ReviewListSerializer(serializers.Serializer[Any]):
    results = ReviewSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class LiftedDecisionSerializer(serializers.Serializer[Any]):
    operation = serializers.IntegerField()
    actor = serializers.CharField()
    reason = serializers.CharField()


class PreviewSideSerializer(ProfileSummarySerializer):
    channel_identities = ChannelIdentitySerializer(many=True)
    identifiers = IdentifierSerializer(many=True)
    traits = TraitSerializer(many=True)
    consents = ConsentSerializer(many=True)


class PreviewSerializer(serializers.Serializer[Any]):
    """Both sides as they are, the result as it would be, and what moves or gives way.

    `operation` is null, since nothing is done; `profiles` are those that would be.
    """

    operation = OperationSerializer(allow_null=True)
    profiles = DoneProfileSerializer(many=True)
    one = PreviewSideSerializer()
    other = PreviewSideSerializer()
    result = PreviewSideSerializer()
    moves = ChannelIdentitySerializer(many=True)
    traits = TraitSerializer(many=True)
    identifiers = IdentifierSerializer(many=True)
    consents = ConsentSerializer(many=True)
    lifted_decisions = LiftedDecisionSerializer(many=True)
    lifted_limits = serializers.ListField(child=serializers.CharField())
    warnings = serializers.ListField(child=serializers.CharField())
    is_one_already = serializers.BooleanField()
