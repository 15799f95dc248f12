"""The durable outbox: one row for each message a member of staff wrote."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from profiles.models import ChannelAccount, ChannelIdentity, StaffMember
from timeline.models import Entry


class OutboxMessage(models.Model):
    """One message on its way out, written in the transaction of its entry.

    `sending` is committed before the provider is asked, so whoever finds such a row long after knows that it may have
    been sent: it becomes `unknown` and is never sent again by itself. `reference` is ours; every provider that can
    hands it back. `words` is what is not text: a template, a subject, the message quoted, by `composing.Words`.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"  # the provider has it; how far it came stands on the entry
        FAILED = "failed"
        UNKNOWN = "unknown"  # the provider may have it
        CANCELLED = "cancelled"

    entry = models.OneToOneField(Entry, models.PROTECT, related_name="outbox")
    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="+", db_index=False)
    channel_identity = models.ForeignKey(ChannelIdentity, models.PROTECT, related_name="+", db_index=False)
    author = models.ForeignKey(StaffMember, models.PROTECT, null=True, related_name="+", db_index=False)
    reference = models.UUIDField(unique=True, default=uuid.uuid4)
    purpose = models.CharField(max_length=40, default="service")
    words = models.JSONField(default=dict, blank=True)
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", help_text="the message it repeats"
    )
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    provider_message_id = models.CharField(max_length=255, blank=True, default="")
    fault_code = models.CharField(max_length=60, blank=True, default="")
    fault = models.CharField(max_length=500, blank=True, default="", help_text="why not, in words for an agent")
    closes = models.CharField(max_length=20, blank=True, default="", help_text="what a refusal means for the address")
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)
    request_hash = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "idempotency_key"], name="outbox_once_per_key")]
        indexes = [
            models.Index(fields=["next_attempt_at", "id"], name="outbox_due", condition=Q(state="queued")),
            models.Index(fields=["claimed_at"], name="outbox_claimed", condition=Q(state="sending")),
            models.Index(fields=["state", "id"], name="outbox_odd", condition=Q(state__in=["unknown", "failed"])),
            models.Index(
                fields=["channel_identity", "id"], name="outbox_open", condition=Q(state__in=["queued", "sending"])
            ),
            models.Index(fields=["account", "-id"], name="outbox_of_account"),
        ]

    def __str__(self) -> str:
        return f"outbox message {self.pk}"


class TakenBack(models.Model):
    """The key of a message whose author took it back before it left: the same request does not send it after all."""

    author = models.ForeignKey(StaffMember, models.CASCADE, related_name="+", db_index=False)
    idempotency_key = models.CharField(max_length=255)
    taken_back_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "idempotency_key"], name="taken_back_once")]

    def __str__(self) -> str:
        return f"taken back message {self.pk}"
