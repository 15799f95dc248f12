"""The shapes of the evidence API, for its documentation. What they mean is checked by `adapters.trusted_server`."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from channels_ingest.adapters.trusted_server import EVENT_KINDS
from channels_ingest.receipts import Outcome
from profiles.identity.values import IdentifierKind


class SentIdentifierSerializer(serializers.Serializer[Any]):
    """What the person is known by. Without a scope, ids of customers, visitors and orders are the source's own."""

    kind = serializers.ChoiceField(choices=list(IdentifierKind))
    value = serializers.CharField()
    scope = serializers.CharField(required=False)


class IntroductionSerializer(serializers.Serializer[Any]):
    """Who somebody is. Without `occurred_at` it counts as of its receipt."""

    source = serializers.CharField()  # type: ignore[assignment]  # a field called source, not its option
    identifiers = SentIdentifierSerializer(many=True)
    traits = serializers.DictField(required=False)
    occurred_at = serializers.DateTimeField(required=False)


class EventSerializer(serializers.Serializer[Any]):
    """Something the person did. `id` is unique within the source; `detail` depends on `kind`."""

    source = serializers.CharField()  # type: ignore[assignment]  # a field called source, not its option
    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=[str(kind) for kind in EVENT_KINDS])
    occurred_at = serializers.DateTimeField()
    identifiers = SentIdentifierSerializer(many=True)
    detail = serializers.DictField(required=False)


def _one_or_many(name: str, serializer: type[serializers.Serializer[Any]]) -> Any:
    return PolymorphicProxySerializer(
        component_name=name, serializers=[serializer, serializer(many=True)], resource_type_field_name=None, many=False
    )


INTRODUCTIONS = _one_or_many("IntroductionOrList", IntroductionSerializer)
EVENTS = _one_or_many("EventOrList", EventSerializer)


class AcceptedSerializer(serializers.Serializer[Any]):
    """The call is stored. `url` tells what becomes of its items."""

    receipt = serializers.CharField()
    url = serializers.URLField()
    items = serializers.IntegerField()


class OutcomeSerializer(serializers.Serializer[Any]):
    """One item, by its place in the call, counted from 0. `profile` is the customer today: merges may change it."""

    index = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=list(Outcome))
    reason = serializers.CharField()
    profile = serializers.IntegerField(allow_null=True)
    entry = serializers.IntegerField(allow_null=True)


class ReceiptSerializer(serializers.Serializer[Any]):
    """A call and its items. Once its body was pruned, only the items that were refused are still known one by one."""

    receipt = serializers.CharField()
    url = serializers.URLField()
    state = serializers.ChoiceField(choices=["pending", "done", "failed"])
    received_at = serializers.DateTimeField()
    processed_at = serializers.DateTimeField(allow_null=True)
    is_pruned = serializers.BooleanField()
    items = OutcomeSerializer(many=True)
