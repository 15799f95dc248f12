"""The centre of a customer's page: the chips, the entries of one page in days, and the way to the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from timeline.counting import MOST_COUNTED, counts_of
from timeline.filters import TimelineFilter, filter_of
from timeline.identity.lines import identity_lines
from timeline.models import Entry
from timeline.pages.panel import Panel
from timeline.reading import timeline_around, timeline_page
from timeline.showing.entries import answered_ids, days_of
from timeline.showing.shapes import Day
from timeline.showing.wording import channel_of


@dataclass(frozen=True, slots=True)
class Chip:
    """One choice above the timeline; `query` is the address's end once it is pressed."""

    name: str
    icon: str
    word: str
    count: str
    is_on: bool
    query: str


def asked_filter(request: HttpRequest) -> TimelineFilter:
    """The chips that the address names."""
    return filter_of(request.GET.getlist("show"))


def story_of(request: HttpRequest, panel: Panel, *, entry: Entry | None = None) -> dict[str, Any]:
    """What the templates of the timeline need: the newest page, or the one around `entry`."""
    only = asked_filter(request)
    if entry:
        page, newer_cursor = timeline_around(entry, only=only)
    else:
        page, newer_cursor = timeline_page(panel.profile_id, only=only), None
    return {
        "only": only,
        "chips": chips_of(panel, only),
        "found": entry,
        "newer_cursor": newer_cursor,
        "next_cursor": page.next_cursor,
        "days": story_days(page.entries[::-1], panel, opened=entry.pk if entry else None),
    }


def chips_of(panel: Panel, only: TimelineFilter) -> list[Chip]:
    """A chip for everything the customer has, and for each channel when they wrote on several."""
    counts = counts_of(panel.profile_id)
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
    return Chip(name, icon, word, shown, name in only.chosen, only.toggled(name).query)


def story_days(entries: Sequence[Entry], panel: Panel, *, opened: int | None = None) -> list[Day]:
    """`entries` (oldest first) by day, with the messages that they answer."""
    return days_of(
        entries,
        customer=panel.name,
        names_lines=panel.names_lines,
        replied_to=_replied_to(entries, panel.profile_id),
        lines=identity_lines(entries, panel.profile_id),
        opened=opened,
    )


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
