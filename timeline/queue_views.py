"""The views of the queue: which customers are in each, and in which order. One rule for pages, rows, counts and API."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import DateTimeField, ExpressionWrapper, F, Max, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from profiles.models import ChannelIdentity, StaffMember
from timeline.models import QueueRow
from timeline.reading import decode_cursor, encode_cursor

#: An answer that is due within so long is about to be late: the view `breaching` shows it, and its row warns.
SOON = timedelta(minutes=30)
#: Where an order puts who has none of what it goes by: behind everybody who has, the newest of them first.
_BEHIND = timedelta(days=365_000)
_FAR = datetime(6000, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


#: The order of the view `mentions`: by the note, which no column holds.
NAMED = "named"

#: What rows are ordered by, and the profile.
Place = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Placed:
    """A row with the moment that it is ordered by, and the channels on which the customer waits, newest first."""

    row: QueueRow
    moment: datetime
    channels: Sequence[str]


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Rows in order, and the cursor behind them; None on the last page."""

    rows: Sequence[Placed]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """Rows by `moment`, then by profile; the latest first when `is_falling`."""

    moment: F | Coalesce
    is_falling: bool = False


def _moved(moment: F, by: timedelta) -> Any:
    return ExpressionWrapper(moment + Value(by), output_field=DateTimeField())


#: The newest first, at the end of a rising order.
_NEWEST_LAST = ExpressionWrapper(Value(_FAR) + (Value(_EPOCH) - F("last_entry_at")), output_field=DateTimeField())

ORDERS: Mapping[str, Order] = {
    "newest": Order(F("last_entry_at"), is_falling=True),
    "longest": Order(F("waiting_since")),
    "due": Order(F("due_at")),
    "urgency": Order(Coalesce(F("due_at"), _moved(F("waiting_since"), _BEHIND), _NEWEST_LAST)),
    "waking": Order(F("snoozed_until")),
    "resolved": Order(F("resolved_at"), is_falling=True),
}


@dataclass(frozen=True, slots=True)
class View:
    """`rule` says who is in it, for a member at a moment. `orders` are those that stay cheap in it, its own first."""

    rule: Callable[[StaffMember, datetime], Q]
    orders: tuple[str, ...]


def _awake(now: datetime) -> Q:
    return Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=now)


_WAITS = Q(waiting_since__isnull=False)

VIEWS: Mapping[str, View] = {
    "mine": View(lambda me, now: Q(assignee=me, resolved_at__isnull=True) & _awake(now), ("urgency", "newest")),
    "unassigned": View(lambda _me, now: _WAITS & Q(assignee=None) & _awake(now), ("longest", "urgency", "newest")),
    "waiting": View(lambda _me, now: _WAITS & _awake(now), ("longest", "urgency", "newest")),
    "breaching": View(lambda _me, now: Q(due_at__lte=now + SOON) & _awake(now), ("due",)),
    "snoozed": View(lambda _me, now: Q(snoozed_until__gt=now), ("waking",)),
    "mentions": View(lambda _me, _now: Q(), (NAMED,)),
    "resolved": View(lambda _me, _now: Q(resolved_at__isnull=False), ("resolved",)),
    "all": View(lambda _me, _now: Q(), ("newest",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A view of the queue as a member sees it: `rows` passed the filters, `order` is one that the view offers."""

    view: str
    member: StaffMember
    rows: QuerySet[QueueRow]
    order: str = ""

    @property
    def is_falling(self) -> bool:
        """Whether the latest come first."""
        return self._order == NAMED or ORDERS[self._order].is_falling

    @property
    def _order(self) -> str:
        offered = VIEWS[self.view].orders
        return self.order if self.order in offered else offered[0]

    def places(self) -> QuerySet[Any]:
        """Everybody in the view, each with the `moment` by which they are ordered."""
        if self._order == NAMED:
            notes = "profile__channel_identities__entries__"
            named = {f"{notes}kind": "note", f"{notes}detail__mentions__contains": [self.member.pk]}
            return self.rows.filter(**named).annotate(moment=Max(f"{notes}occurred_at"))
        rule = VIEWS[self.view].rule(self.member, timezone.now())
        return self.rows.filter(rule).annotate(moment=ORDERS[self._order].moment)

    def page(self, *, after: str | None = None, limit: int = 30) -> QueuePage:
        """The first rows behind the cursor, in one query. Raises CursorError."""
        found = self._loaded(self._behind(decode_cursor(after) if after else None)[: limit + 1])
        last = found[limit - 1] if len(found) > limit else None
        return QueuePage(found[:limit], encode_cursor(last.moment, last.row.pk) if last else None)

    def those_of(self, profile_ids: Collection[int]) -> Sequence[Placed]:
        """The rows of the customers as far as they are in the view."""
        return self._loaded(self.places().filter(pk__in=profile_ids))

    def place_of(self, profile_id: int) -> Place | None:
        """Where in the view the customer stands; None for who is not in it."""
        row = self.places().filter(pk=profile_id).values_list("moment", "pk").first()
        return (row[0], row[1]) if row else None

    def next_after(self, place: Place | None, *, leaving: int) -> int | None:
        """Whom to open when `leaving` is done with, who stood at the place: who is behind it, else who is first."""
        for start in (place, None) if place else (None,):
            following: list[int] = list(self._behind(start).exclude(pk=leaving).values_list("pk", flat=True)[:1])
            if following:
                return following[0]
        return None

    def _behind(self, place: Place | None) -> QuerySet[Any]:
        rows = self.places()
        if place:
            at, pk = place
            bound = {"moment__lte": at} if self.is_falling else {"moment__gte": at}  # what the index starts at
            further = Q(moment__lt=at) | Q(pk__lt=pk) if self.is_falling else Q(moment__gt=at) | Q(pk__gt=pk)
            rows = rows.filter(Q(**bound) & further)
        return self._ordered(rows)

    def _ordered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        sign = "-" if self.is_falling else ""
        return rows.order_by(f"{sign}moment", f"{sign}pk")

    def _loaded(self, places: QuerySet[Any]) -> list[Placed]:
        """The places with what their rows show: only they are joined with it, however many were sorted to find them."""
        if self._order == NAMED:  # grouped by customer: what is beside them would be grouped too
            moments = dict(places.values_list("pk", "moment"))
            rows = {row.pk: row for row in _beside(QueueRow.objects.filter(pk__in=moments))}
            return [Placed(rows[pk], at, rows[pk].unanswered) for pk, at in moments.items()]
        found = QueueRow.objects.filter(pk__in=places.values("pk")).annotate(moment=ORDERS[self._order].moment)
        return [Placed(row, row.moment, row.unanswered) for row in _beside(self._ordered(found))]


def _beside(rows: QuerySet[Any]) -> QuerySet[Any]:
    unanswered = ChannelIdentity.objects.filter(
        profile_id=OuterRef("pk"), last_inbound_at__gte=OuterRef("waiting_since"), reply_refusal="", blocked_at=None
    )
    channels = ArraySubquery(unanswered.order_by("-last_inbound_at").values("account__channel"))
    beside = ("profile", "last_entry__account", "last_entry__channel_identity", "assignee")
    shown: QuerySet[Any] = rows.annotate(unanswered=channels).select_related(*beside)
    return shown
