"""What the sending half of the API takes and answers."""

from typing import Any

from rest_framework import serializers

from channels_ingest.adapters.sending import Template
from channels_ingest.sending.guards import MARKETING, SERVICE
from channels_ingest.sending.wishes import Draft
from channels_ingest.writing.uploads import MOST_FILES
from profiles.ids import BIGGEST_ID
from timeline.api import EntrySerializer


class TakenBackSerializer(serializers.Serializer[Any]):
    """The message is not sent, and stands on the timeline no more."""

    profile = serializers.IntegerField()
    channel_identity = serializers.IntegerField()


class ButtonSerializer(serializers.Serializer[Any]):
    """A button of a template that takes a value: the end of its link, or a code to copy. The first is at place 0."""

    place = serializers.IntegerField(min_value=0, max_value=9)
    kind = serializers.ChoiceField(choices=["url", "copy_code"], default="url")
    value = serializers.CharField(max_length=1_024)


class TemplateSerializer(serializers.Serializer[Any]):
    """A text the provider approved, with the parameters of its body in order; `names` are those of named ones.

    `header` is the heading's parameter: a link to the file where `header_kind` is not `text`. Of a template that the
    hub knows the kinds are known, and it stands on the timeline as the customer reads it.
    """

    name = serializers.CharField(max_length=512)
    language = serializers.CharField(max_length=20)
    parameters = serializers.ListField(child=serializers.CharField(max_length=1_024), max_length=50, default=list)
    names = serializers.ListField(child=serializers.CharField(max_length=60), max_length=50, default=list)
    header = serializers.CharField(max_length=2_000, allow_blank=True, default="")
    header_kind = serializers.ChoiceField(choices=["text", "image", "video", "document"], default="text")
    buttons = serializers.ListField(child=ButtonSerializer(), max_length=10, default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises ValidationError."""
        if attrs["names"] and len(attrs["names"]) != len(attrs["parameters"]):
            raise serializers.ValidationError({"names": ["expected a name for each parameter"]})
        if attrs["header_kind"] != "text" and not attrs["header"].startswith("https://"):
            raise serializers.ValidationError({"header": ["expected a link that begins with https://"]})
        return attrs


class LastSeenSerializer(serializers.Serializer[Any]):
    """`last_seen_entry` is the newest entry that the author has seen: if a colleague answered after it, 409."""

    last_seen_entry = serializers.IntegerField(
        min_value=1, max_value=BIGGEST_ID, required=False, allow_null=True, default=None
    )


class MessageSerializer(LastSeenSerializer):
    """An answer. `answers` quotes an entry of the same address; `subject`, `cc` and `new_thread` are for mail.

    `files` are ids that uploading answered with; where a channel takes one file in a message they become several.
    """

    channel_identity = serializers.IntegerField(min_value=1, max_value=BIGGEST_ID)
    text = serializers.CharField(allow_blank=True, trim_whitespace=False, required=False, default="")
    template = TemplateSerializer(required=False, allow_null=True, default=None)
    purpose = serializers.ChoiceField(choices=[SERVICE, MARKETING], default=SERVICE)
    answers = serializers.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False, allow_null=True, default=None)
    subject = serializers.CharField(max_length=900, required=False, allow_blank=True, default="")
    cc = serializers.ListField(child=serializers.EmailField(), max_length=50, required=False, default=list)
    new_thread = serializers.BooleanField(required=False, default=False)
    files = serializers.ListField(child=serializers.UUIDField(), max_length=MOST_FILES, required=False, default=list)
    hold_seconds = serializers.IntegerField(
        min_value=0, max_value=30, required=False, default=0, help_text="for so long it can be taken back"
    )


class SentSerializer(EntrySerializer):
    """The entry. `more` are the ids of those that its further files became."""

    more = serializers.ListField(child=serializers.IntegerField())


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
        template=template_in(template) if template else None,
        answers=said["answers"],
        subject=said["subject"],
        cc=tuple(said["cc"]),
        new_thread=said["new_thread"],
        files=tuple(map(str, said["files"])),
    )


def template_in(said: dict[str, Any]) -> Template:
    """The checked template."""
    return Template(
        name=said["name"],
        language=said["language"],
        parameters=tuple(said["parameters"]),
        names=tuple(said["names"]),
        header=said["header"],
        header_kind=said["header_kind"],
        buttons=tuple((each["place"], each["kind"], each["value"]) for each in said["buttons"]),
    )
