"""The centre of a customer's page: the chips, the entries of one page in days, and the way to the rest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from profiles.models import Channel
from profiles.ties import ties_between
from timeline.counting import MOST_COUNTED, Counts, counts_of
from timeline.entries import EntryKind
from timeline.filters import EVERYTHING, TimelineFilter, filter_of
from timeline.handoff import current, handoffs
from timeline.identity.lines import identity_lines
from timeline.models import Entry
from timeline.pages.entry_menu import pinned_of
from timeline.pages.glance import WorkView
from timeline.pages.panel import Panel
from timeline.reading import encode_cursor, timeline_around, timeline_page
from timeline.search.finding import LONGEST_ASKED
from timeline.search.rows import entry_row
from timeline.search.within import search_within
from timeline.showing.dues import due_of, mark_due
from timeline.showing.entries import answered_ids, days_of
from timeline.showing.handoffs import HandoffView, handoff_views, pair_of, spoken_of
from timeline.showing.shapes import Day
from timeline.showing.wording import channel_of, isolated

#: Messages and work lines before a page that are looked at to tell its first hand-off.
TALK_READ = 30
MOST_HANDOFFS = 10


@dataclass(frozen=True, slots=True)
class Chip:
    """One choice above the timeline; `query` and `address` are the ends of addresses once it is pressed."""

    name: str
    icon: str
    word: str
    count: str
    is_on: bool
    query: str
    address: str


def asked_filter(request: HttpRequest) -> TimelineFilter:
    """The chips that the address names."""
    return filter_of(request.GET.getlist("show"))


def story_of(request: HttpRequest, panel: Panel, *, work: WorkView, entry: Entry | None = None) -> dict[str, Any]:
    """What the templates of the timeline need: the newest page, or the one around `entry`; `work` says what waits."""
    only = asked_filter(request)
    if entry:
        page, newer_cursor = timeline_around(entry, only=only)
    else:
        page, newer_cursor = timeline_page(panel.profile_id, only=only), None
    entries = page.entries[::-1]
    counts = counts_of(panel.profile_id)
    told, now = handoffs_on(entries, panel, only=only)
    days = story_days(entries, panel, told=told, opened=entry.pk if entry else None)
    mark_due(days, due_of(work, entries))
    return {
        "only": only,
        "chips": chips_of(counts, only),
        "pinned": pinned_of(panel.profile_id, counts),
        "found": entry,
        "newer_cursor": newer_cursor,
        "next_cursor": page.next_cursor,
        "days": days,
        "made_at": timezone.now(),
        **hits_of(request, panel.profile_id, entry),
        "handoff": now if newer_cursor is None and tells_handoffs(only) else newest_handoffs(panel)[1],
    }


def hits_of(request: HttpRequest, profile_id: int, entry: Entry | None = None) -> dict[str, Any]:
    """What the box above the timeline asks for and finds in it; `place` is the open entry's among the hits."""
    asked = request.GET.get("find", "").replace("\0", " ")[:LONGEST_ASKED].strip()
    if not asked:
        return {"asked": "", "hits": []}
    within = search_within(profile_id, asked)
    hits = [entry_row(each) for each in within.hits]
    place = next((number for number, hit in enumerate(hits, start=1) if entry and hit.id == entry.pk), 0)
    return {"asked": asked, "hits": hits, "within": within, "place": place}


def chips_of(counts: Counts, only: TimelineFilter) -> list[Chip]:
    """A chip for everything the customer has, and for each channel when they wrote on several."""
    groups = {
        "messages": ("message-square", _("Messages")),
        "orders": ("package", _("Orders")),
        "notes": ("sticky-note", _("Notes")),
        "web": ("globe", _("Web")),
        "work": ("list-checks", _("Work")),
    }
    chips = [_chip(name, *groups[name], counts.groups[name], only) for name in groups]
    if len(counts.channels) > 1:
        written = sorted(counts.channels, key=lambda channel: (-counts.channels[channel], channel))
        chips += [_chip(channel, *channel_of(channel), counts.channels[channel], only) for channel in written]
    shown = [chip for chip in chips if chip.count or chip.is_on]
    return shown if len(shown) > 1 or only.chosen else []


def _chip(name: str, icon: str, word: str, count: int, only: TimelineFilter) -> Chip:
    shown = f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")
    pressed = only.toggled(name)
    return Chip(name, icon, word, shown, name in only.chosen, pressed.query, pressed.address)


def story_days(
    entries: Sequence[Entry], panel: Panel, *, told: Mapping[int, HandoffView], opened: int | None = None
) -> list[Day]:
    """`entries` (oldest first) by day, with the messages that they answer and the hand-offs that are told."""
    days = days_of(
        entries,
        customer=panel.name,
        names_lines=panel.names_lines,
        replied_to=_replied_to(entries, panel.profile_id),
        lines=identity_lines(entries, panel.profile_id),
        opened=opened,
    )
    addresses = _told_apart(panel)
    for view in (view for day in days for view in day.entries):
        view.handoff = told.get(view.entry.pk)
        view.address = addresses.get(view.entry.channel_identity_id, "")
    return days


def _told_apart(panel: Panel) -> dict[int, str]:
    """The address of each channel identity on a channel where the customer has several."""
    shown: dict[str, set[str]] = {}
    for row in panel.addresses:
        shown.setdefault(row.channel, set()).add(row.shown)
    return {row.id: isolated(row.shown) for row in panel.addresses if len(shown[row.channel]) > 1}


def handoffs_on(
    entries: Sequence[Entry], panel: Panel, *, only: TimelineFilter = EVERYTHING
) -> tuple[dict[int, HandoffView], HandoffView | None]:
    """The hand-offs on a page of entries (oldest first), and the one that is current if the page is the newest.

    Nothing is asked for a customer on one channel. A choice of chips that leaves messages out tells none.
    """
    if not entries or not _writes_on_several(panel) or not tells_handoffs(only):
        return {}, None
    return _handoff_views([*_talk(panel, before=entries[0]), *entries])


def newest_handoffs(panel: Panel) -> tuple[dict[int, HandoffView], HandoffView | None]:
    """The same of the newest messages, whatever part of the timeline is shown."""
    return _handoff_views(_talk(panel)) if _writes_on_several(panel) else ({}, None)


def tells_handoffs(only: TimelineFilter) -> bool:
    """Whether every message is shown."""
    return not only.chosen or EntryKind.MESSAGE in only.kinds


def _handoff_views(entries: Iterable[Entry]) -> tuple[dict[int, HandoffView], HandoffView | None]:
    spoken = spoken_of(entries)
    found = handoffs(spoken)[-MOST_HANDOFFS:]
    views = handoff_views(found, ties_between({pair_of(one) for one in found}))
    now = current(spoken)
    return views, views[now.message.entry_id] if now else None


def _talk(panel: Panel, *, before: Entry | None = None) -> list[Entry]:
    """The messages and work before an entry, or the newest, oldest first: as many as an open talk has."""
    cursor = encode_cursor(before.occurred_at, before.pk) if before else None
    kinds = (EntryKind.MESSAGE, EntryKind.WORK)
    return timeline_page(panel.profile_id, before=cursor, limit=TALK_READ, kinds=kinds).entries[::-1]


def _writes_on_several(panel: Panel) -> bool:
    return len([channel for channel, _icon, _word in panel.channels if channel != Channel.STORE]) > 1


def _replied_to(entries: Sequence[Entry], profile_id: int) -> dict[tuple[int, str], Entry]:
    """The messages that `entries` answer, of this customer only: a group's other members are other customers."""
    known = {(entry.account_id, entry.provider_message_id or ""): entry for entry in entries}
    missing = [pair for pair in answered_ids(entries) if pair not in known]
    if missing:
        found = Entry.objects.filter(
            account_id__in={account for account, _ in missing},
            provider_message_id__in={message for _, message in missing},
            channel_identity__profile_id=profile_id,
        ).select_related("account")
        known |= {(entry.account_id, entry.provider_message_id or ""): entry for entry in found}
    return known
