"""What the sending half of the API takes and answers."""

from typing import Any

from rest_framework import serializers

from channels_ingest.adapters.sending import Template
from channels_ingest.sending.guards import MARKETING, SERVICE
from channels_ingest.sending.wishes import Draft
from profiles.ids import BIGGEST_ID
from timeline.api import EntrySerializer


class TakenBackSerializer(serializers.Serializer[Any]):
    """The message is not sent, and stands on the timeline no more."""

    profile = serializers.IntegerField()
    channel_identity = serializers.IntegerField()


class TemplateSerializer(serializers.Serializer[Any]):
    """A text the provider approved, with its parameters in order."""

    name = serializers.CharField(max_length=512)
    language = serializers.CharField(max_length=20)
    parameters = serializers.ListField(child=serializers.CharField(max_length=1_024), max_length=50, required=False)


class LastSeenSerializer(serializers.Serializer[Any]):
    """`last_seen_entry` is the newest entry that the author has seen: if a colleague answered after it, 409."""

    last_seen_entry = serializers.IntegerField(
        min_value=1, max_value=BIGGEST_ID, required=False, allow_null=True, default=None
    )


class MessageSerializer(LastSeenSerializer):
    """An answer. `answers` quotes an entry of the same address; `subject` and `cc` are for mail."""

    channel_identity = serializers.IntegerField(min_value=1, max_value=BIGGEST_ID)
    text = serializers.CharField(allow_blank=True, trim_whitespace=False, required=False, default="")
    template = TemplateSerializer(required=False, allow_null=True, default=None)
    purpose = serializers.ChoiceField(choices=[SERVICE, MARKETING], default=SERVICE)
    answers = serializers.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False, allow_null=True, default=None)
    subject = serializers.CharField(max_length=900, required=False, allow_blank=True, default="")
    cc = serializers.ListField(child=serializers.EmailField(), max_length=50, required=False, default=list)
    hold_seconds = serializers.IntegerField(
        min_value=0, max_value=30, required=False, default=0, help_text="for so long it can be taken back"
    )


class RetrySerializer(LastSeenSerializer):
    """`channel_identity` sends it on another address of the same customer."""

    channel_identity = serializers.IntegerField(
        min_value=1, max_value=BIGGEST_ID, required=False, allow_null=True, default=None
    )


class AnsweredSinceSerializer(serializers.Serializer[Any]):
    """A problem document; `newest_answer` is what a colleague wrote meanwhile. Sent again with its id as
    `last_seen_entry`, the message goes out.
    """

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    newest_answer = EntrySerializer()


class ClosedSerializer(serializers.Serializer[Any]):
    """A problem document; `code` says in one word what closes the address, `detail` says it in a sentence."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()


def draft_of(said: dict[str, Any]) -> Draft:
    """The checked body as a draft."""
    template = said["template"]
    return Draft(
        channel_identity_id=said["channel_identity"],
        text=said["text"],
        purpose=said["purpose"],
        template=Template(
            name=template["name"], language=template["language"], parameters=tuple(template.get("parameters", ()))
        )
        if template
        else None,
        answers=said["answers"],
        subject=said["subject"],
        cc=tuple(said["cc"]),
    )
