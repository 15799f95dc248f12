"""The rows of the queue in words: who, on which channels, how long they wait, and who takes care of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _lazy

from profiles.models import ChannelIdentity, StaffMember
from timeline.models import Entry, QueueRow
from timeline.pages.panel import name_of
from timeline.queue_views import SOON
from timeline.showing.previews import Preview, preview_of
from timeline.showing.wording import channel_of
from timeline.spam import KeptOut

#: Tags that a row has room for; the others are counted.
TAGS_SHOWN = 2
CHANNELS_SHOWN = 2
PRIORITIES: Mapping[int, tuple[str, str, str | Promise]] = {
    3: ("urgent", "chevrons-up", _lazy("Urgent")),
    2: ("high", "chevron-up", _lazy("High")),
    1: ("low", "chevron-down", _lazy("Low")),
}


@dataclass(frozen=True, slots=True)
class ChannelWord:
    """A channel with its icon and word."""

    code: str
    icon: str
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """One customer in the queue. `sort` is what the script orders rows by.

    `channels` are those with unanswered messages, else that of the newest entry. `due_at` is shown once it is near
    (`is_near`) or past (`is_late`).
    """

    profile_id: int
    name: str
    preview: Preview | None
    is_out: bool
    moment: datetime
    sort: datetime
    channels: Sequence[ChannelWord] = ()
    more_channels: int = 0
    waiting_since: datetime | None = None
    due_at: datetime | None = None
    is_near: bool = False
    is_late: bool = False
    snoozed_until: datetime | None = None
    resolved_at: datetime | None = None
    priority: tuple[str, str, str | Promise] | None = None
    tags: Sequence[str] = ()
    more_tags: Sequence[str] = ()
    assignee: StaffMember | None = None
    is_mine: bool = False
    unread: int = 0
    present: Sequence[object] = field(default_factory=tuple)

    @property
    def has_more(self) -> bool:
        """Whether there is anything for the row's last line."""
        return bool(self.priority or self.tags or self.snoozed_until or self.assignee or self.present)


def row_views(rows: Sequence[QueueRow], moments: Mapping[int, datetime], member: StaffMember) -> list[RowView]:
    """The rows as the member sees them, in a fixed number of queries."""
    now = timezone.now()
    channels = _waiting_channels(row for row in rows if row.waiting_since)
    return [_row_view(row, moments[row.pk], channels[row.pk], member, now) for row in rows]


def _row_view(row: QueueRow, sort: datetime, waiting: Sequence[str], member: StaffMember, now: datetime) -> RowView:
    entry = row.last_entry
    codes = waiting or ([entry.account.channel] if entry else [])
    return RowView(
        profile_id=row.profile_id,
        name=name_of(row.profile.display_name),
        preview=preview_of(entry) if entry else None,
        is_out=bool(entry and entry.direction == "out"),
        moment=row.last_entry_at,
        sort=sort,
        channels=[_channel_word(code) for code in codes[:CHANNELS_SHOWN]],
        more_channels=max(0, len(codes) - CHANNELS_SHOWN),
        waiting_since=row.waiting_since,
        due_at=row.due_at,
        is_near=bool(row.due_at and row.due_at <= now + SOON),
        is_late=bool(row.due_at and row.due_at <= now),
        snoozed_until=row.snoozed_until if row.snoozed_until and row.snoozed_until > now else None,
        resolved_at=row.resolved_at,
        priority=PRIORITIES.get(row.priority),
        tags=row.tags[:TAGS_SHOWN],
        more_tags=row.tags[TAGS_SHOWN:],
        assignee=row.assignee,
        is_mine=row.assignee_id == member.pk,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkView:
    """What is done about the open customer, for the head of the page; nothing of it for who never wrote."""

    assignee: StaffMember | None = None
    is_mine: bool = False
    priority: tuple[str, str, str | Promise] | None = None
    tags: Sequence[str] = ()
    snoozed_until: datetime | None = None
    is_resolved: bool = False
    promised_for: date | None = None


def work_view(profile_id: int, member: StaffMember) -> WorkView:
    """The head of the customer's page, in one query."""
    row = QueueRow.objects.select_related("assignee").filter(pk=profile_id).first()
    if row is None:
        return WorkView()
    return WorkView(
        assignee=row.assignee,
        is_mine=row.assignee_id == member.pk,
        priority=PRIORITIES.get(row.priority),
        tags=row.tags,
        snoozed_until=row.snoozed_until if row.snoozed_until and row.snoozed_until > timezone.now() else None,
        is_resolved=row.resolved_at is not None,
        promised_for=row.promised_for,
    )


def kept_out_view(each: KeptOut) -> RowView:
    """A customer in the view of spam."""
    entry: Entry | None = each.entry
    return RowView(
        profile_id=each.profile_id,
        name=name_of(each.name),
        preview=preview_of(entry) if entry else None,
        is_out=False,
        moment=each.moment,
        sort=each.moment,
        channels=[_channel_word(entry.account.channel)] if entry else [],
    )


def _channel_word(code: str) -> ChannelWord:
    return ChannelWord(code, *channel_of(code))


def _waiting_channels(rows: Iterable[QueueRow]) -> Mapping[int, Sequence[str]]:
    """By customer, the channels on which somebody waits, the one written to last first."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    ids: Collection[int] = [row.pk for row in rows]
    if ids:
        unanswered = ChannelIdentity.objects.filter(
            profile_id__in=ids,
            last_inbound_at__gte=F("profile__queue_row__waiting_since"),
            reply_refusal="",
            blocked_at=None,
        )
        for profile_id, channel in unanswered.order_by("-last_inbound_at").values_list(
            "profile_id", "account__channel"
        ):
            if channel not in found[profile_id]:
                found[profile_id].append(channel)
    return found
