"""Which part of a timeline is asked for: the chips above it, in the address as `show`.

What is chosen adds up: `show=orders&show=whatsapp` is every order and all that was written on WhatsApp. A message that
could not be delivered is part of every choice, since nobody may overlook it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from profiles.models import Channel
from timeline.entries import Delivery, EntryKind

#: Chip -> the kinds of entry it shows. Every kind is in one of them.
GROUPS: Mapping[str, tuple[EntryKind, ...]] = {
    "messages": (EntryKind.MESSAGE, EntryKind.SURVEY),
    "orders": (EntryKind.ORDER, EntryKind.PAYMENT),
    "notes": (EntryKind.NOTE,),
    "web": (EntryKind.PAGE_VIEW, EntryKind.CUSTOM),
    "work": (EntryKind.WORK, EntryKind.IDENTITY, EntryKind.CONSENT, EntryKind.SYSTEM),
}
#: What a channel's chip shows of the channel.
TALK = GROUPS["messages"]


@dataclass(frozen=True, slots=True)
class TimelineFilter:
    """The chips that are on, in their order; none is everything."""

    chosen: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[EntryKind, ...]:
        """Kinds that are shown whatever their channel."""
        return tuple(kind for name in self.chosen for kind in GROUPS.get(name, ()))

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels whose messages are shown."""
        return tuple(name for name in self.chosen if name not in GROUPS)

    @property
    def query(self) -> str:
        """The choice as the end of an address that has parameters already: "&show=orders"."""
        return "".join(f"&{urlencode({'show': name})}" for name in self.chosen)

    @property
    def address(self) -> str:
        """The choice as the end of an address without other parameters: "?show=orders"."""
        return self.query.replace("&", "?", 1)

    def takes(self, *, kind: str, channel: str, delivery: str | None) -> bool:
        """Whether an entry is shown."""
        if not self.chosen or kind in self.kinds or delivery == Delivery.FAILED:
            return True
        return kind in TALK and channel in self.channels

    def toggled(self, name: str) -> "TimelineFilter":
        """The choice with the chip pressed."""
        rest = tuple(each for each in self.chosen if each != name)
        return TimelineFilter(rest if name in self.chosen else (*rest, name))


#: No chip is on.
EVERYTHING = TimelineFilter()


def filter_of(names: Iterable[str]) -> TimelineFilter:
    """The choice that the `show` parameters name; a chip this release does not have is left out."""
    known = dict.fromkeys(name for name in names if name in GROUPS or name in Channel.values)
    return TimelineFilter(tuple(known))
