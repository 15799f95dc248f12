"""The durable inbox, the accounts' secrets, and what happened to a line itself."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from channels_ingest.sending.models import OutboxMessage, TakenBack
from channels_ingest.simulator.models import SimulatedMessage
from channels_ingest.webchat.models import ChatUpload, ChatVisitor, ChatVisitorToken
from channels_ingest.writing.models import BegunTemplate, MessageTemplate, SavedDraft, Snippet, Upload, WrittenNote
from profiles.models import ChannelAccount, ChannelIdentity, Identifier, StaffMember

__all__ = [
    "AccountNotice",
    "AccountSecret",
    "BegunTemplate",
    "ChatUpload",
    "ChatVisitor",
    "ChatVisitorToken",
    "ConfirmationCode",
    "Envelope",
    "IntakeCount",
    "MessageTemplate",
    "OutboxMessage",
    "SavedDraft",
    "SimulatedMessage",
    "Snippet",
    "TakenBack",
    "Upload",
    "WrittenNote",
]


class Envelope(models.Model):
    """One webhook request as received: the record of work, written before it is acknowledged.

    `delivery_key` is made of what the provider signed and is kept when the body is pruned, so a retry stays one.
    `not_understood` means that at least one item had no meaning for the adapter: `replay` works it again.
    """

    class State(models.TextChoices):
        RECEIVED = "received"
        PROCESSED = "processed"
        NOT_UNDERSTOOD = "not_understood"
        DEAD = "dead"

    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="envelopes", db_index=False)
    delivery_key = models.CharField(max_length=128)
    body = models.BinaryField(null=True)
    headers = models.JSONField(default=dict, blank=True)
    received_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=14, choices=State, db_default=State.RECEIVED)
    attempts = models.PositiveSmallIntegerField(db_default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    processed_at = models.DateTimeField(null=True, blank=True)
    fault = models.CharField(max_length=500, db_default="", help_text="class of error and place, never content")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "delivery_key"], name="delivery_once_per_account")]
        indexes = [
            models.Index(fields=["next_attempt_at", "id"], name="envelope_due", condition=Q(state="received")),
            models.Index(
                fields=["state", "id"], name="envelope_odd", condition=Q(state__in=["not_understood", "dead"])
            ),
            models.Index(fields=["processed_at"], name="envelope_prunable", condition=Q(body__isnull=False)),
            models.Index(fields=["account", "-id"], name="envelope_of_account"),
        ]

    def __str__(self) -> str:
        return f"envelope {self.pk}"


class AccountSecret(models.Model):
    """One value of a secret setting, encrypted. Several live values of one name overlap while a secret is rotated."""

    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="secrets")
    name = models.CharField(max_length=40)
    ciphertext = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"secret {self.name} of account {self.account_id}"


class AccountNotice(models.Model):
    """News from the provider about the line and not about a customer: a restriction, a template verdict, a limit."""

    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="notices", db_index=False)
    key = models.CharField(max_length=255)
    kind = models.CharField(max_length=60)
    occurred_at = models.DateTimeField()
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="notice_once_per_account")]

    def __str__(self) -> str:
        return f"{self.kind} notice {self.pk}"


class Reconciliation(models.Model):
    """How far an account's list of messages at the provider was compared with the inbox, and when it is next."""

    account = models.OneToOneField(ChannelAccount, models.CASCADE, primary_key=True, related_name="reconciliation")
    next_at = models.DateTimeField()
    checked_until = models.DateTimeField(null=True, blank=True)
    fault = models.CharField(max_length=200, blank=True, default="", help_text="why the last look failed")

    class Meta:
        indexes = [models.Index(fields=["next_at"], name="reconciliation_due")]

    def __str__(self) -> str:
        return f"reconciliation of account {self.account_id}"


class Errand(models.Model):
    """Something to be had from a provider off the request, written with what asked for it; see `errands`.

    `next_attempt_at` is empty once it is done, or given up; `fault` then says why.
    """

    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="errands", db_index=False)
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=255)
    detail = models.JSONField(default=dict, blank=True)
    attempts = models.PositiveSmallIntegerField(db_default=0)
    next_attempt_at = models.DateTimeField(db_default=Now(), null=True, blank=True)
    fault = models.CharField(max_length=200, db_default="", help_text="class of error and place, never content")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "kind", "key"], name="errand_once_per_account")]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="errand_due", condition=Q(next_attempt_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"errand {self.pk} ({self.kind})"


class IntakeCount(models.Model):
    """How many deliveries of an account were accepted, refused or repeated in an hour; the accepted are the envelopes.

    `own` counts messages in accepted ones that came from a line of ours or a colleague, and made no customer; `listed`
    those that were never delivered and were found in the provider's list.
    """

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted"
        REFUSED = "refused"
        DUPLICATE = "duplicate"
        TOO_BIG = "too_big"
        OWN = "own"
        LISTED = "listed"

    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="intake_counts", db_index=False)
    hour = models.DateTimeField()
    outcome = models.CharField(max_length=9, choices=Outcome)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "hour", "outcome"], name="intake_count_once")]

    def __str__(self) -> str:
        return f"{self.count} {self.outcome}"


class ConfirmationCode(models.Model):
    """A one-time code for an identifier that somebody claims on a channel identity (`channels_ingest.confirming`).

    Written when an agent asks for it. `used_by` is the provider's id of the message that held it, empty until then.
    """

    channel_identity = models.ForeignKey(ChannelIdentity, models.PROTECT, related_name="+")
    identifier = models.ForeignKey(Identifier, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(StaffMember, models.PROTECT, related_name="+", db_index=False)
    salt = models.UUIDField(unique=True)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries_left = models.PositiveSmallIntegerField()
    used_by = models.CharField(max_length=255, blank=True, default="")
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"confirmation code {self.pk}"


class StoredFile(models.Model):
    """One content in file storage, kept once however many messages carry it. Written after the content is there."""

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveBigIntegerField(help_text="bytes")
    mime_type = models.CharField(max_length=120, help_text="by its first bytes, not by the sender's word")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"file {self.pk}"


#: How the fault of a `MediaFetch` begins whose file is had and finds no room.
NOT_STORED = "not stored: "


class MediaFetch(models.Model):
    """One attachment whose content is not here yet: at the provider, or in an envelope that was not unpacked.

    `reference` names it within the message as `timeline.entries.reference_of` does. An attempt is counted and the row
    leased until `next_attempt_at` before anything is asked of anybody. What becomes of it is told to the entry.
    """

    class State(models.TextChoices):
        WANTED = "wanted"
        STORED = "stored"
        GONE = "gone"
        REFUSED = "refused"
        TOO_BIG = "too_big"
        NO_ACCESS = "no_access"
        FAILED = "failed"

    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="media_fetches", db_index=False)
    provider_message_id = models.CharField(max_length=255)
    reference = models.CharField(max_length=500)
    attachment = models.JSONField(help_text="as the adapter described it")
    envelope_id = models.BigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=9, choices=State, db_default=State.WANTED)
    attempts = models.PositiveSmallIntegerField(db_default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    fault = models.CharField(max_length=200, db_default="", help_text="why the last attempt failed, never content")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "provider_message_id", "reference"], name="media_fetch_once_per_attachment"
            )
        ]
        indexes = [models.Index(fields=["next_attempt_at", "id"], name="media_fetch_due", condition=Q(state="wanted"))]

    def __str__(self) -> str:
        return f"media fetch {self.pk}"
