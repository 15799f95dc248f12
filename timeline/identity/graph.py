"""The picture beside the identity table: addresses on one side, identifiers on the other, a line for each sighting."""

from collections.abc import Sequence
from dataclasses import dataclass

from profiles.why import SightingWhy
from profiles.wording import value_words
from timeline.pages.panel import AddressRow
from timeline.showing.wording import identifier_of

ROW, HALF = 44, 16
MOST_ROWS = 12
LONGEST = 18


@dataclass(frozen=True, slots=True)
class Dot:
    """An address (`channel` set) or an identifier, at a height in pixels."""

    y: int
    icon: str
    text: str
    channel: str = ""

    @property
    def top(self) -> int:
        return self.y - HALF


@dataclass(frozen=True, slots=True)
class Edge:
    """From an address to an identifier; `is_tie` when it ties the address to another."""

    start: int
    end: int
    is_tie: bool

    @property
    def path(self) -> str:
        return f"M150 {self.start}C175 {self.start} 175 {self.end} 200 {self.end}"


@dataclass(frozen=True, slots=True)
class Graph:
    """The whole picture, `height` pixels high and 350 wide."""

    height: int
    addresses: list[Dot]
    identifiers: list[Dot]
    edges: list[Edge]


def graph_of(rows: Sequence[AddressRow], sightings: Sequence[SightingWhy]) -> Graph | None:
    """The picture; None where there is nothing to see in it, or too much."""
    standing = [sighting for sighting in sightings if sighting.withdrawn_by is None]
    values = list(dict.fromkeys((sighting.kind, sighting.value) for sighting in standing))
    if len(rows) < 2 or not values or max(len(rows), len(values)) > MOST_ROWS:
        return None
    height = ROW * max(len(rows), len(values))
    left = {row.id: _middle(place, len(rows), height) for place, row in enumerate(rows)}
    right = {value: _middle(place, len(values), height) for place, value in enumerate(values)}
    edges = {
        (left[s.channel_identity], right[s.kind, s.value]): bool(s.ties)
        for s in sorted(standing, key=lambda s: bool(s.ties))
        if s.channel_identity in left
    }
    return Graph(
        height=height,
        addresses=[Dot(left[row.id], row.icon, _short(row.shown), row.channel) for row in rows],
        identifiers=[_identifier(kind, value, y) for (kind, value), y in right.items()],
        edges=[Edge(start, end, is_tie) for (start, end), is_tie in edges.items()],
    )


def _identifier(kind: str, value: str, y: int) -> Dot:
    icon, word = identifier_of(kind)
    return Dot(y, icon, _short(value_words(kind, value) or word))


def _middle(place: int, count: int, height: int) -> int:
    """Evenly spread over the height, each in the middle of its share."""
    return (2 * place + 1) * height // (2 * count)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
