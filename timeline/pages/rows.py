"""The rows of the queue in words: who, on which channels, how long they wait, and who takes care of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.functional import Promise

from profiles.models import StaffMember
from timeline.models import Entry
from timeline.pages.panel import name_of
from timeline.queue_views import SOON, Placed
from timeline.showing.previews import Preview, preview_of
from timeline.showing.wording import PRIORITIES, channel_of
from timeline.spam import KeptOut
from timeline.unread import unread_counts

#: Tags that a row has room for; the others are counted.
TAGS_SHOWN = 2
CHANNELS_SHOWN = 2


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

    @property
    def has_more(self) -> bool:
        """Whether there is anything for the row's last line."""
        return bool(self.priority or self.tags or self.snoozed_until)


def row_views(rows: Sequence[Placed], member: StaffMember) -> list[RowView]:
    """The rows as the member sees them."""
    now = timezone.now()
    unread = unread_counts(member, [placed.row.pk for placed in rows]) if rows else {}
    return [_row_view(placed, member, now, unread.get(placed.row.pk, 0)) for placed in rows]


def _row_view(placed: Placed, member: StaffMember, now: datetime, unread: int) -> RowView:
    row = placed.row
    entry = row.last_entry
    codes = list(dict.fromkeys(placed.channels)) or ([entry.account.channel] if entry else [])
    return RowView(
        profile_id=row.profile_id,
        name=name_of(row.profile.display_name),
        preview=preview_of(entry) if entry else None,
        is_out=bool(entry and entry.direction == "out"),
        moment=row.last_entry_at,
        sort=placed.moment,
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
        unread=unread,
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
