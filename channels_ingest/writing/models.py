"""What somebody has begun to write, the files picked for it, and texts that are kept to be used again."""

import uuid

from django.db import models
from django.db.models.functions import Now

from profiles.models import ChannelAccount, ChannelIdentity, StaffMember
from timeline.models import Entry


class SavedDraft(models.Model):
    """What one member of staff has begun to write to a channel identity, or as a note beside it.

    Written while they type and gone once it is sent. It hangs on the channel identity, so it goes where that goes when
    customers are merged or separated. Nobody else is shown it. `uploads` are ids of files, `cc` stands as typed.
    """

    author = models.ForeignKey(StaffMember, models.CASCADE, related_name="+", db_index=False)
    channel_identity = models.ForeignKey(ChannelIdentity, models.CASCADE, related_name="+")
    is_note = models.BooleanField(default=False)
    text = models.TextField(blank=True, default="")
    subject = models.CharField(max_length=900, blank=True, default="")
    cc = models.TextField(blank=True, default="")
    new_thread = models.BooleanField(default=False)
    uploads = models.JSONField(default=list, blank=True)
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["author", "channel_identity", "is_note"], name="saved_draft_once")
        ]
        indexes = [models.Index(fields=["saved_at"], name="saved_draft_old")]

    def __str__(self) -> str:
        return f"draft {self.pk}"


class WrittenNote(models.Model):
    """A note that was written in the box, by its key: posted twice it is one. Without an entry it was taken back."""

    author = models.ForeignKey(StaffMember, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    entry = models.OneToOneField(Entry, models.CASCADE, null=True, related_name="+")
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "key"], name="written_note_once")]

    def __str__(self) -> str:
        return f"written note {self.pk}"


class Upload(models.Model):
    """A file that somebody picked for a message; the content is in file storage, named by its SHA-256.

    Forgotten after a month: a message that was sent says itself which files it carries.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    author = models.ForeignKey(StaffMember, models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="bytes")
    mime_type = models.CharField(max_length=120, help_text="by its first bytes, not by the sender's word")
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="upload_old")]

    def __str__(self) -> str:
        return f"upload {self.pk}"


class Snippet(models.Model):
    """A text that is used again and again. Without an owner it is everybody's, and leads keep it.

    `language` is a BCP 47 tag such as `de`, empty for any.
    """

    owner = models.ForeignKey(StaffMember, models.CASCADE, null=True, blank=True, related_name="snippets")
    name = models.CharField(max_length=60)
    language = models.CharField(max_length=20, blank=True, default="")
    text = models.TextField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name", "language"], name="own_snippet_once"),
            models.UniqueConstraint(
                fields=["name", "language"], name="shared_snippet_once", condition=models.Q(owner__isnull=True)
            ),
        ]
        ordering = ["name", "language", "id"]

    def __str__(self) -> str:
        return f"snippet {self.pk}"


class MessageTemplate(models.Model):
    """A text that the provider of a line has approved, or not: what WhatsApp takes when its window is closed.

    `name` is what the provider's API is asked by (Meta's name, Twilio's ContentSid), `shown_name` what people read.
    `components` are as Meta writes them: a list of header, body, footer and buttons.
    """

    class Source(models.TextChoices):
        PROVIDER = "provider"
        HAND = "hand"

    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="message_templates", db_index=False)
    name = models.CharField(max_length=512)
    shown_name = models.CharField(max_length=512, blank=True, default="")
    language = models.CharField(max_length=20)
    category = models.CharField(max_length=40, blank=True, default="")
    status = models.CharField(max_length=40, default="APPROVED")
    components = models.JSONField(default=list, blank=True)
    source = models.CharField(max_length=8, choices=Source, default=Source.PROVIDER)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "name", "language"], name="message_template_once"),
        ]
        ordering = ["name", "language", "id"]

    def __str__(self) -> str:
        return f"template {self.pk}"


class BegunTemplate(models.Model):
    """A template that somebody has begun to fill in for an address: `values` by place, as `templates.Slot` names them.

    Written while they type, one for each author and address, and gone once it is sent.
    """

    author = models.ForeignKey(StaffMember, models.CASCADE, related_name="+", db_index=False)
    channel_identity = models.ForeignKey(ChannelIdentity, models.CASCADE, related_name="+")
    template = models.ForeignKey(MessageTemplate, models.CASCADE, related_name="+")
    values = models.JSONField(default=dict)
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "channel_identity"], name="begun_template_once")]
        indexes = [models.Index(fields=["saved_at"], name="begun_template_old")]

    def __str__(self) -> str:
        return f"begun template {self.pk}"
