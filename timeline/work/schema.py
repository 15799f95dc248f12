"""What the work API takes and answers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from profiles.ids import BIGGEST_ID
from timeline.api import EntrySerializer
from timeline.models import QueueRow
from timeline.work.verbs import LONGEST_NOTE, MOST_MENTIONS
from timeline.work.writing import LONGEST_REASON

ME = "me"


class DeedSerializer(serializers.Serializer[Any]):
    """`do` names the deed."""

    do = serializers.CharField()


class DeedWithReasonSerializer(DeedSerializer):
    reason = serializers.CharField(max_length=LONGEST_REASON, allow_blank=True, default="")


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string", "enum": ["me"]}]})
class MemberField(serializers.Field[Any, Any, Any, Any]):
    """The id of a colleague, or `me`."""

    def to_internal_value(self, data: Any) -> Any:
        if data == ME or (type(data) is int and 1 <= data <= BIGGEST_ID):
            return data
        raise serializers.ValidationError(f"expected the id of a member, or {ME}")

    def to_representation(self, value: Any) -> Any:
        return value


class AssignSerializer(DeedWithReasonSerializer):
    """`to` is the id of a colleague, `me`, or null for nobody. With `only_if_free` 409 if a colleague has them."""

    to = MemberField(allow_null=True)
    only_if_free = serializers.BooleanField(default=False)


class SnoozeSerializer(DeedWithReasonSerializer):
    until = serializers.DateTimeField()


class PrioritySerializer(DeedSerializer):
    """0 none, 1 low, 2 high, 3 urgent."""

    priority = serializers.ChoiceField(choices=QueueRow.Priority.choices)


class TagSerializer(DeedSerializer):
    tag = serializers.CharField(max_length=200)


class PromiseSerializer(DeedSerializer):
    on = serializers.DateField()
    text = serializers.CharField(max_length=LONGEST_REASON, allow_blank=True, default="")


class OfEntrySerializer(DeedSerializer):
    entry = serializers.IntegerField(min_value=1, max_value=BIGGEST_ID)


class NoteSerializer(DeedSerializer):
    """Stands with `channel_identity`, by default where the customer wrote last; `mentions` are ids of colleagues."""

    text = serializers.CharField(max_length=LONGEST_NOTE)
    mentions = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGGEST_ID), max_length=MOST_MENTIONS, default=list
    )
    channel_identity = serializers.IntegerField(
        min_value=1, max_value=BIGGEST_ID, required=False, allow_null=True, default=None
    )


#: Deed -> what it takes.
DEEDS: Mapping[str, type[DeedSerializer]] = MappingProxyType(
    {
        "assign": AssignSerializer,
        "resolve": DeedWithReasonSerializer,
        "reopen": DeedWithReasonSerializer,
        "snooze": SnoozeSerializer,
        "wake": DeedSerializer,
        "prioritise": PrioritySerializer,
        "tag": TagSerializer,
        "untag": TagSerializer,
        "promise": PromiseSerializer,
        "keep_promise": OfEntrySerializer,
        "pin": OfEntrySerializer,
        "unpin": OfEntrySerializer,
        "note": NoteSerializer,
    }
)


class AssigneeSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField(source="__str__")


class OpenPromiseSerializer(serializers.Serializer[Any]):
    entry = serializers.IntegerField(source="entry_id")
    on = serializers.DateField()
    text = serializers.CharField()
    by = serializers.CharField()


class WorkSerializer(serializers.Serializer[Any]):
    """`resolved_at` and `snoozed_until` are null unless they hold now; `pinned` are entry ids."""

    assignee = AssigneeSerializer(allow_null=True)
    priority = serializers.IntegerField()
    tags = serializers.ListField(child=serializers.CharField())
    snoozed_until = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    promises = OpenPromiseSerializer(many=True)
    pinned = serializers.ListField(child=serializers.IntegerField())


class DoneWorkSerializer(serializers.Serializer[Any]):
    """`entry` is what was written, null when nothing had to change; `work` is the state after it."""

    entry = EntrySerializer(allow_null=True)
    work = WorkSerializer()
