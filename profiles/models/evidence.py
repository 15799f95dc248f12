"""What was seen and what was decided. Append-only: rows are withdrawn or retracted, never changed or deleted.

A foreign key that a unique constraint starts with has no index of its own: it would only cost writes.

The partition of channel identities into profiles is a pure function of these tables (`profiles.identity.partition`).
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Reverse

from profiles.identity.evidence import FIRST_EPOCH
from profiles.identity.values import Grade, IdentifierKind, IdentifierStatus, Standing
from profiles.models.accounts import ChannelAccount
from profiles.models.decisions import Operation
from profiles.models.projection import Profile

#: How the source of a sighting begins that a member of staff typed; their id follows.
TYPED = "staff "


class ChannelIdentity(models.Model):
    """One sender on one channel account: what a reply goes to, and what owns entries.

    It is born with a profile of its own whose id is its own id; `profile` is the only column a merge changes.
    `epoch_start` is the time of the boundary since which this person uses the address. `first_seen` and the columns
    after it are folded from the entries, so that a profile's queue row is folded from these few rows; they are not
    indexed, which keeps the update of every message a heap-only one.

    `blocked_at` is set while a colleague keeps what it sends out of the queue; it is folded from their work entries.

    Once its boundary is withdrawn, a channel identity is void: its entries went back to `void_in`, and all evidence
    about it counts as evidence about that one.
    """

    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="channel_identities", db_index=False)
    address = models.CharField(max_length=320)
    standing = models.CharField(max_length=10, choices=[(s, s) for s in Standing], default=Standing.PROVED)
    epoch_start = models.DateTimeField(default=FIRST_EPOCH)
    profile = models.ForeignKey(Profile, models.PROTECT, related_name="channel_identities")
    void_in = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="voids", db_index=False)
    reply_refusal = models.CharField(max_length=32, blank=True, default="")
    blocked_at = models.DateTimeField(null=True, blank=True)
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
        indexes = [
            models.Index(fields=["void_in"], name="identity_voids", condition=models.Q(void_in__isnull=False)),
            models.Index(fields=["blocked_at"], name="identity_blocked", condition=models.Q(blocked_at__isnull=False)),
        ]
        verbose_name_plural = "channel identities"

    def __str__(self) -> str:
        return f"channel identity {self.pk}"


class Identifier(models.Model):
    """What may tie channel identities together. `value` is as received, `join_key` is what variants share.

    `status` and `shared_epochs` are folded from the evidence (`profiles.sharing`). A value is closed, which means that
    it joins nobody, when its sighting lies in a shared epoch; without shared epochs, when its status is not normal.
    """

    kind = models.CharField(max_length=16, choices=[(k, k) for k in IdentifierKind])
    scope = models.CharField(max_length=120, blank=True, default="")
    value = models.CharField(max_length=320)
    join_key = models.CharField(max_length=320)
    status = models.CharField(max_length=8, choices=[(s, s) for s in IdentifierStatus], default=IdentifierStatus.NORMAL)
    shared_epochs = ArrayField(models.DateTimeField(), default=list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "scope", "value"], name="identifier_once")]
        indexes = [
            models.Index(fields=["kind", "join_key", "scope"], name="identifier_join"),
            # For searches by the beginning of any value, and by the last digits or the domain.
            models.Index(OpClass(Lower("join_key"), "text_pattern_ops"), name="identifier_beginning"),
            models.Index(
                OpClass(Reverse("join_key"), "text_pattern_ops"),
                name="identifier_end",
                condition=Q(kind__in=["phone", "email"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} identifier {self.pk}"


class Sighting(models.Model):
    """This identifier was seen with this channel identity. The earliest of each grade is evidence.

    Withdrawing takes back all sightings of the identifier with that channel identity at that grade, for good.
    """

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
    """From `starts_at` on another person uses (account, address): it starts an epoch.

    A provider said so, or an agent (`operation`), or another customer logged in with this visitor id (`reason` is
    `login`: folded from sightings, so it may also go again). Each may say so of the same moment, and take its own word
    back.
    """

    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="boundaries", db_index=False)
    address = models.CharField(max_length=320)
    starts_at = models.DateTimeField()
    source = models.CharField(max_length=255)
    reason = models.CharField(max_length=32)
    operation = models.ForeignKey(Operation, models.PROTECT, null=True, blank=True, related_name="boundaries")
    recorded_at = models.DateTimeField(auto_now_add=True)
    withdrawn_by = models.ForeignKey(
        Operation, models.PROTECT, null=True, blank=True, related_name="withdrawn_boundaries"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "address", "starts_at", "reason"], name="boundary_once")
        ]
        indexes = [models.Index(fields=["address"], name="boundary_address")]
        verbose_name_plural = "boundaries"

    def __str__(self) -> str:
        return f"boundary {self.pk}"


class Mention(models.Model):
    """Something that leaves no entry, an introduction or a reaction, made or confirmed these sightings.

    Most say nothing new and are no sightings of their own. A boundary that is drawn later makes one its person's first;
    what leaves an entry keeps its sightings there.
    """

    channel_identity = models.ForeignKey(ChannelIdentity, models.PROTECT, related_name="mentions", db_index=False)
    occurred_at = models.DateTimeField()
    source = models.CharField(max_length=255)
    sightings = ArrayField(models.BigIntegerField())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel_identity", "occurred_at", "source"], name="mention_once")
        ]

    def __str__(self) -> str:
        return f"mention {self.pk}"


class Trait(models.Model):
    """A fact about the person behind a channel identity (`name`, `username`, ...), with its source and age.

    Every value ever told is kept, a wrong one can be withdrawn; which one is shown is a rule
    (`profiles.reading.shown_traits`). `words` is what a name is searched by, written behind the messages
    (`profiles.name_search`); empty of what is no name.
    """

    channel_identity = models.ForeignKey(ChannelIdentity, models.PROTECT, related_name="traits", db_index=False)
    name = models.CharField(max_length=40)
    value = models.CharField(max_length=500)
    grade = models.CharField(max_length=8, choices=[(g, g) for g in Grade], default=Grade.CLAIMED)
    source = models.CharField(max_length=40)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    withdrawn_by = models.ForeignKey(Operation, models.PROTECT, null=True, blank=True, related_name="withdrawn_traits")
    words = SearchVectorField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel_identity", "name", "value", "source"], name="trait_once")
        ]
        indexes = [
            GinIndex(fields=["words"], name="trait_words", fastupdate=False),
            models.Index(
                fields=["id"],
                name="trait_unsearched",
                condition=Q(words__isnull=True, name__in=["name", "username", "company"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of channel identity {self.channel_identity_id}"


class ConsentEvent(models.Model):
    """The customer opted in or out of a purpose at an address; the ledger is append-only and the newest event rules.

    `purpose` is `marketing`, `all`, or `hold` (not granted: a human should look whether this was an opt-out; granted:
    they looked, and it was none). An opt-out binds the address over all its epochs, an opt-in only the epoch it was
    given in. `evidence` is the provider message id of the entry that shows it; `actor` and `reason` are set when a
    colleague wrote down what the customer said elsewhere.
    """

    channel_identity = models.ForeignKey(ChannelIdentity, models.PROTECT, related_name="consent_events", db_index=False)
    purpose = models.CharField(max_length=40)
    is_granted = models.BooleanField()
    source = models.CharField(max_length=40)
    key = models.CharField(max_length=255)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    evidence = models.CharField(max_length=255, blank=True, default="")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel_identity", "key"], name="consent_event_once")]

    def __str__(self) -> str:
        return f"consent event {self.pk}"


class ProviderBlock(models.Model):
    """The provider told that it blocks, or no longer blocks, what one account sends to one address; the newest rules.

    It is no consent of the customer's in our ledger, and only the provider lifts it (the customer writes START, resumes
    marketing in the app). `purpose` is `all` or `marketing`. It says nothing about other accounts: pairs are blocked.
    """

    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="blocks", db_index=False)
    address = models.CharField(max_length=320)
    purpose = models.CharField(max_length=40)
    is_blocked = models.BooleanField()
    code = models.CharField(max_length=60, blank=True, default="", help_text="the provider's own")
    key = models.CharField(max_length=255)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "address", "key"], name="provider_block_once")]

    def __str__(self) -> str:
        return f"provider block {self.pk}"
