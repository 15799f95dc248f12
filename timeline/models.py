"""The rows of the timeline, what amends them, and the queue that is folded from them."""

from collections.abc import Collection
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.utils.translation import gettext_lazy as _lazy

from profiles.identity.values import Grade
from profiles.models import ChannelAccount, ChannelIdentity, Operation, Profile, StaffMember
from profiles.reading_rights import hidden_now
from timeline.entries import AmendmentKind, Delivery, Direction, EntryKind, SetAside

#: What colleagues did and who somebody is belongs to the customer, not to a line.
OPEN_KINDS = (EntryKind.WORK, EntryKind.IDENTITY, EntryKind.SYSTEM)


class CurrentTransaction(models.Func):
    """The id of the writing transaction as a number: what `since` cursors compare with the oldest one still open."""

    function = "pg_current_xact_id"
    template = "%(function)s()::text::bigint"
    arity = 0
    output_field = models.BigIntegerField()


class Entry(models.Model):
    """One row of the timeline. It belongs to a channel identity, and merging never moves it.

    `text`, `detail` and `delivery` are as shown now; once something amended the entry, `original` keeps what they
    were at first. `changed_in` is the transaction that last wrote the row: a reader asks for what the snapshot it
    has seen does not hold, and misses nothing, although ids commit out of order. `sightings` are those that its message
    made or confirmed: what a boundary drawn later takes along to the new epoch. `set_aside` says why a message waits
    for no answer.
    """

    # Indexes that start with the foreign key stand below. The one Django would add tempts the planner away from the
    # ordered one: a page of a customer with 500,000 entries then sorts them all (67 ms against 1 ms, measured).
    channel_identity = models.ForeignKey(ChannelIdentity, models.PROTECT, related_name="entries", db_index=False)
    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=[(k, k) for k in EntryKind])
    direction = models.CharField(max_length=4, choices=[(d, d) for d in Direction])
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    provider_message_id = models.CharField(max_length=255, null=True, blank=True)
    text = models.TextField(blank=True, default="")
    detail = models.JSONField(default=dict, blank=True)
    delivery = models.CharField(max_length=9, choices=[(d, d) for d in Delivery], null=True, blank=True)
    sender_grade = models.CharField(max_length=8, choices=[(g, g) for g in Grade], null=True, blank=True)
    original = models.JSONField(null=True, blank=True)
    is_placeholder = models.BooleanField(default=False)
    is_backfilled = models.BooleanField(default=False)
    set_aside = models.CharField(
        max_length=9, choices=[(s, s) for s in SetAside if s], blank=True, default="", db_default=""
    )
    envelope_id = models.BigIntegerField(null=True, blank=True, help_text="the inbox row it came from, for provenance")
    sightings = ArrayField(models.BigIntegerField(), default=list, blank=True)
    changed_in = models.BigIntegerField(db_default=CurrentTransaction())
    #: Whoever asks may not read the line it came on: what it says is not here.
    is_withheld = False

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "provider_message_id"], name="message_once_per_account"),
        ]
        indexes = [
            models.Index(F("channel_identity"), F("occurred_at").desc(), F("id").desc(), name="entry_timeline"),
            models.Index(fields=["channel_identity", "changed_in"], name="entry_since"),
            models.Index(fields=["changed_in"], name="entry_head"),
            # The chips above a timeline: one kind of entry between any number of others, and how many there are.
            models.Index(fields=["channel_identity", "kind", "occurred_at", "id"], name="entry_kinds"),
            # What failed is shown whatever chip is on.
            models.Index(
                F("channel_identity"),
                F("occurred_at").desc(),
                F("id").desc(),
                name="entry_failed",
                condition=Q(delivery=Delivery.FAILED.value),
            ),
            # A customer's few orders and payments between any number of page views.
            models.Index(
                F("channel_identity"),
                F("occurred_at").desc(),
                F("id").desc(),
                name="entry_business",
                condition=Q(kind__in=["order", "payment", "survey"]),
            ),
            # A mail names the mail it answers by an id that is no key: see `channels_ingest.threading`.
            models.Index(
                F("account"),
                KeyTextTransform("message_id", "detail"),
                name="entry_message_id",
                condition=Q(detail__has_key="message_id"),
            ),
            models.Index(
                F("occurred_at").desc(), F("id").desc(), name="entry_spam", condition=Q(set_aside=SetAside.SPAM.value)
            ),
            # What was done to a channel identity, wherever that stands: see `timeline.work.folding`.
            GinIndex(
                OpClass(KeyTransform("channel_identities", "detail"), "jsonb_path_ops"),
                name="entry_work_names",
                condition=Q(kind=EntryKind.WORK.value),
                fastupdate=False,  # else each of a rebuild's thousands of searches reads the pending list
            ),
            # The notes in which a member is named: see `timeline.queue_views`.
            GinIndex(
                OpClass(KeyTransform("mentions", "detail"), "jsonb_path_ops"),
                name="entry_mentions",
                condition=Q(kind=EntryKind.NOTE.value),
            ),
        ]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"entry {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises PermissionDenied for one whose content was withheld: writing it back would destroy it."""
        if self.is_withheld:
            raise PermissionDenied
        super().save(*args, **kwargs)

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **more: Any) -> Self:
        """As stored, without what who asks in this request may not read."""
        entry = super().from_db(db, field_names, values, **more)
        if hidden := hidden_now():
            entry._withhold(hidden)
        return entry

    def _withhold(self, hidden: frozenset[int]) -> None:
        if self.kind in OPEN_KINDS or self.account_id not in hidden:
            return
        self.is_withheld = True
        empty: dict[str, Any] = {"text": "", "detail": {}, "original": None, "provider_message_id": None}
        for name, value in (empty | {"envelope_id": None, "is_placeholder": False}).items():
            if name in self.__dict__:
                setattr(self, name, value)


class Amendment(models.Model):
    """An edit, revoke, reaction, delivery status, further part of a long text, or what became of a file.

    An entry is its first content plus these, in time order. Each is kept for ever and may come before its entry.
    """

    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=400)
    kind = models.CharField(max_length=8, choices=[(k, k) for k in AmendmentKind])
    target_message_id = models.CharField(max_length=255)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    detail = models.JSONField(default=dict, blank=True)
    envelope_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="amendment_once_per_account")]
        indexes = [models.Index(fields=["account", "target_message_id"], name="amendment_target")]

    def __str__(self) -> str:
        return f"{self.kind} amendment {self.pk}"


class WorkState(models.Model):
    """What colleagues did about a channel identity: folded from the work entries that name it (`timeline.work`).

    `fields` are facts as `timeline.work.state` describes them. A customer's state is, for each field, the fact said
    last about any of their channel identities; so merge and unmerge change nothing here.
    """

    channel_identity = models.OneToOneField(ChannelIdentity, models.CASCADE, primary_key=True, related_name="work")
    fields = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"work state of channel identity {self.pk}"


class Tag(models.Model):
    """A tag that somebody used; `name` is its first spelling, `key` what all spellings share."""

    key = models.CharField(max_length=150, unique=True)
    name = models.CharField(max_length=50)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.name


class QueueRow(models.Model):
    """One customer in the queue, folded from the channel identities of the profile; `refold` rewrites it.

    `waiting_since` is when the oldest message was written that nobody answered on any channel, and that no colleague
    saw before they resolved; empty when none waits. `due_at` is when its answer is due by the targets of its account,
    empty without one. `resolved_at` and `snoozed_until` are empty unless they still hold: a message that comes in ends
    both, and whichever of the two was said later ends the other. A snooze that ran out stays until the sweep comes by,
    so readers compare it with the time. `promised_for` is the earliest open promise.
    """

    class Priority(models.IntegerChoices):
        NONE = 0, _lazy("None")
        LOW = 1, _lazy("Low")
        HIGH = 2, _lazy("High")
        URGENT = 3, _lazy("Urgent")

    profile = models.OneToOneField(Profile, models.CASCADE, primary_key=True, related_name="queue_row")
    last_entry = models.ForeignKey(Entry, models.SET_NULL, null=True, related_name="+", db_index=False)
    last_entry_at = models.DateTimeField()
    waiting_since = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    assignee = models.ForeignKey(StaffMember, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NONE, db_default=0)
    tags = ArrayField(models.CharField(max_length=50), default=list, db_default=Value("{}"), blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    promised_for = models.DateField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(F("last_entry_at").desc(), F("profile").desc(), name="queue_newest"),
            models.Index(
                fields=["waiting_since", "profile"], name="queue_waiting", condition=Q(waiting_since__isnull=False)
            ),
            models.Index(
                fields=["waiting_since", "profile"],
                name="queue_unassigned",
                condition=Q(waiting_since__isnull=False, assignee__isnull=True),
            ),
            models.Index(
                F("resolved_at").desc(),
                F("profile").desc(),
                name="queue_resolved",
                condition=Q(resolved_at__isnull=False),
            ),
            models.Index(
                F("priority"),
                F("last_entry_at").desc(),
                F("profile").desc(),
                name="queue_priority",
                condition=Q(priority__gt=0),
            ),
            models.Index(fields=["due_at", "profile"], name="queue_due", condition=Q(due_at__isnull=False)),
            models.Index(
                F("assignee"),
                F("last_entry_at").desc(),
                F("profile").desc(),
                name="queue_assignee",
                condition=Q(assignee__isnull=False),
            ),
            # What an agent has not done yet, among all that they ever had.
            models.Index(
                fields=["assignee", "profile"],
                name="queue_mine",
                condition=Q(assignee__isnull=False, resolved_at__isnull=True),
            ),
            models.Index(
                fields=["snoozed_until", "profile"], name="queue_snoozed", condition=Q(snoozed_until__isnull=False)
            ),
            models.Index(
                fields=["promised_for", "profile"], name="queue_promised", condition=Q(promised_for__isnull=False)
            ),
            # Of who has any: a row is rewritten with each message. Used only if `tags != []` is asked for, too.
            GinIndex(fields=["tags"], name="queue_tags", condition=~Q(tags=[]), fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"queue row of profile {self.profile_id}"


class EntryWords(models.Model):
    """What an entry is searched by, written behind the entries (`timeline.search.index`).

    A table of its own: the entry's row is rewritten for each delivery status, its words hardly ever. `changed_in` is
    the entry's when it was read: while the two differ, the words may be old. An entry without words has an empty row.
    """

    entry = models.OneToOneField(Entry, models.CASCADE, primary_key=True, related_name="+")
    occurred_at = models.DateTimeField()
    words = SearchVectorField()
    changed_in = models.BigIntegerField()

    class Meta:
        indexes = [
            GinIndex(fields=["words"], name="entry_words", fastupdate=False),
            models.Index(F("occurred_at").desc(), F("entry").desc(), name="entry_words_newest"),
        ]

    def __str__(self) -> str:
        return f"words of entry {self.entry_id}"


class SearchCursor(models.Model):
    """How far the entries are searchable; the only row has the id 1.

    Everything that changed in a transaction before `followed_to` is, and every entry from the id `backfill_below` on.
    Entries below it were there before the search was, and are still to be read.
    """

    followed_to = models.BigIntegerField()
    backfill_below = models.BigIntegerField()

    def __str__(self) -> str:
        return f"search cursor at {self.followed_to}"


class SavedView(models.Model):
    """A view of the queue that somebody made of another's filters and order; everybody's when a lead shares it.

    `slug` names it in addresses, among all members' views. Removed, it is kept so that it can be had back.
    """

    owner = models.ForeignKey(StaffMember, models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    slug = models.SlugField(max_length=70, unique=True)
    view = models.CharField(max_length=10, help_text="the view it was made of")
    filters = models.JSONField(default=dict, help_text="the filters of the address: lists of texts by name")
    order = models.CharField(max_length=10, blank=True, default="")
    is_shared = models.BooleanField(default=False)
    removed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"saved view {self.slug}"


class LastSeen(models.Model):
    """How far a member of staff has read one sender; written when they see something new, not by each page.

    Kept for each channel identity, so that merge and unmerge need not touch it. Unread are the messages that came with
    or after the transaction `seen_in` and have a larger id than `entry_id`: the first keeps what is to be looked at
    short, the second leaves out what was read and only changed since.
    """

    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    channel_identity = models.ForeignKey(ChannelIdentity, models.CASCADE, related_name="+", db_index=False)
    seen_at = models.DateTimeField()
    seen_in = models.BigIntegerField()
    entry_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "channel_identity"], name="last_seen_once")]

    def __str__(self) -> str:
        return f"last seen {self.pk}"


class MessageReport(models.Model):
    """A colleague says that a message is not this customer's; it waits for who may judge. One at a time for an entry.

    `suspicion` is what they think: somebody else writes from the address since then, or the address is another
    person's altogether. `settled_by` looked at it; `operation` is what they did, null when nothing was wrong.
    """

    class Suspicion(models.TextChoices):
        SINCE = "since"
        APART = "apart"

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="reports", db_index=False)
    suspicion = models.CharField(max_length=5, choices=Suspicion)
    actor = models.ForeignKey(StaffMember, models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=500, blank=True, default="")
    reported_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(StaffMember, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    operation = models.ForeignKey(Operation, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry"], condition=Q(settled_at=None), name="one_open_report_per_entry")
        ]
        indexes = [models.Index(fields=["id"], name="open_reports", condition=Q(settled_at=None))]

    def __str__(self) -> str:
        return f"report {self.pk} of entry {self.entry_id}"
