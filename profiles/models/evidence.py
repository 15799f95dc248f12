"""What was seen and what was decided. Append-only: rows are withdrawn or retracted, never changed or deleted.

A foreign key that a unique constraint starts with has no index of its own: it would only cost writes.

The partition of channel identities into profiles is a pure function of these tables (`profiles.identity.partition`).
"""

from datetime import UTC, datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from profiles.identity.values import Grade, IdentifierKind, Standing
from profiles.models.accounts import ChannelAccount
from profiles.models.projection import Profile

#: The start of the first epoch of every address: before any message there can be.
FIRST_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ChannelIdentity(models.Model):
    """One sender on one channel account: what a reply goes to, and what owns entries.

    It is born with a profile of its own whose id is its own id; `profile` is the only column a merge changes.
    `epoch_start` is the time of the boundary since which this person uses the address. `first_seen` and the columns
    after it are folded from the entries, so that a profile's queue row is folded from these few rows; they are not
    indexed, which keeps the update of every message a heap-only one.
    """

    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="channel_identities", db_index=False)
    address = models.CharField(max_length=320)
    standing = models.CharField(max_length=10, choices=[(s, s) for s in Standing], default=Standing.PROVED)
    epoch_start = models.DateTimeField(default=FIRST_EPOCH)
    profile = models.ForeignKey(Profile, models.PROTECT, related_name="channel_identities")
    reply_refusal = models.CharField(max_length=32, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    first_seen = models.DateTimeField(null=True, blank=True)
    last_seen = models.DateTimeField(null=True, blank=True)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    last_outbound_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "address", "standing", "epoch_start"], name="one_identity_per_epoch"
            )
        ]
        verbose_name_plural = "channel identities"

    def __str__(self) -> str:
        return f"channel identity {self.pk}"


class Identifier(models.Model):
    """What may tie channel identities together. `value` is as received, `join_key` is what variants share."""

    class Status(models.TextChoices):
        NORMAL = "normal"
        GENERIC = "generic"  # shared by several people: stops joining
        BLOCKED = "blocked"  # a placeholder: never joins, never shown as this person's

    kind = models.CharField(max_length=16, choices=[(k, k) for k in IdentifierKind])
    scope = models.CharField(max_length=120, blank=True, default="")
    value = models.CharField(max_length=320)
    join_key = models.CharField(max_length=320)
    status = models.CharField(max_length=8, choices=Status, default=Status.NORMAL)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "scope", "value"], name="identifier_once")]
        indexes = [models.Index(fields=["kind", "join_key", "scope"], name="identifier_join")]

    def __str__(self) -> str:
        return f"{self.kind} identifier {self.pk}"


class Operation(models.Model):
    """One use of a verb; groups its decisions so that it can be undone as a whole."""

    class Verb(models.TextChoices):
        MERGE = "merge"
        UNMERGE = "unmerge"
        DECIDE = "decide"
        SPLIT = "split"
        WITHDRAW = "withdraw"
        UNDO = "undo"

    verb = models.CharField(max_length=8, choices=Verb)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    undoes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="undone_by")

    def __str__(self) -> str:
        return f"{self.verb} {self.pk}"


class Sighting(models.Model):
    """This identifier was seen with this channel identity. The earliest of each grade is evidence."""

    identifier = models.ForeignKey(Identifier, models.PROTECT, related_name="sightings")
    channel_identity = models.ForeignKey(ChannelIdentity, models.PROTECT, related_name="sightings", db_index=False)
    grade = models.CharField(max_length=8, choices=[(g, g) for g in Grade])
    source = models.CharField(max_length=255, help_text="provider message id or event id that showed it")
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    withdrawn_by = models.ForeignKey(
        Operation, models.PROTECT, null=True, blank=True, related_name="withdrawn_sightings"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel_identity", "identifier", "grade", "occurred_at"], name="sighting_once"
            )
        ]

    def __str__(self) -> str:
        return f"sighting {self.pk}"


class Boundary(models.Model):
    """From `starts_at` on another person uses (account, address): it starts an epoch."""

    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="boundaries", db_index=False)
    address = models.CharField(max_length=320)
    starts_at = models.DateTimeField()
    source = models.CharField(max_length=255)
    reason = models.CharField(max_length=32)
    recorded_at = models.DateTimeField(auto_now_add=True)
    withdrawn_by = models.ForeignKey(
        Operation, models.PROTECT, null=True, blank=True, related_name="withdrawn_boundaries"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "address", "starts_at"], name="boundary_once")]
        indexes = [models.Index(fields=["address"], name="boundary_address")]
        verbose_name_plural = "boundaries"

    def __str__(self) -> str:
        return f"boundary {self.pk}"


class Decision(models.Model):
    """A human's *same* or *different* about two channel identities."""

    class Verdict(models.TextChoices):
        SAME = "same"
        DIFFERENT = "different"

    operation = models.ForeignKey(Operation, models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=9, choices=Verdict)
    one = models.ForeignKey(ChannelIdentity, models.PROTECT, related_name="+")
    other = models.ForeignKey(ChannelIdentity, models.PROTECT, related_name="+")
    retracted_by = models.ForeignKey(
        Operation, models.PROTECT, null=True, blank=True, related_name="retracted_decisions"
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(one__lt=F("other")), name="decision_pair_is_ordered")]

    def __str__(self) -> str:
        return f"{self.verdict} {self.pk}"


class Trait(models.Model):
    """A fact about the person behind a channel identity (`name`, `username`, ...), with its source and age.

    Every value ever told is kept; which one is shown is a rule (`profiles.reading.shown_traits`).
    """

    channel_identity = models.ForeignKey(ChannelIdentity, models.PROTECT, related_name="traits", db_index=False)
    name = models.CharField(max_length=40)
    value = models.CharField(max_length=500)
    grade = models.CharField(max_length=8, choices=[(g, g) for g in Grade], default=Grade.CLAIMED)
    source = models.CharField(max_length=40)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel_identity", "name", "value", "source"], name="trait_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} of channel identity {self.channel_identity_id}"


class ConsentEvent(models.Model):
    """The customer opted in or out of a purpose at an address; the ledger is append-only and the newest event rules.

    An opt-out binds the address over all its epochs, an opt-in only the epoch it was given in.
    """

    channel_identity = models.ForeignKey(ChannelIdentity, models.PROTECT, related_name="consent_events", db_index=False)
    purpose = models.CharField(max_length=40)
    is_granted = models.BooleanField()
    source = models.CharField(max_length=40)
    key = models.CharField(max_length=255)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel_identity", "key"], name="consent_event_once")]

    def __str__(self) -> str:
        return f"consent event {self.pk}"
