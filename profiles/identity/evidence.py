"""The evidence about who is one person, as frozen values: what was seen, what ended, what humans decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

#: (account, address, standing, epoch): the natural key of a channel identity; anything sortable will do.
Node = tuple[str | int, ...]
#: (kind, scope, join_key)
JoinKey = tuple[str, str, str]
#: The start of the first epoch of every address: before any message there can be.
FIRST_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seen:
    """One sighting: this identifier belongs to this channel identity, at this grade, since this time."""

    node: Node
    identifier: JoinKey
    grade: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Passed:
    """One boundary: from `starts_at` on, somebody else uses the identifier."""

    identifier: JoinKey
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Ruling:
    """One standing human decision: the two are the same person, or they are different people.

    `made` counts decisions in the order in which humans took them: a later one supersedes. `aliases` are values that
    a merge declared to be one and the same customer's, so that together they count as one towards a limit.
    """

    same: bool
    one: Node
    other: Node
    made: int = 0
    aliases: frozenset[JoinKey] = frozenset()


@dataclass(frozen=True, slots=True)
class Marking:
    """One standing human decision about an identifier: it is `normal`, `generic` or `blocked`, whatever is seen."""

    identifier: JoinKey
    status: str
    made: int = 0


#: The starts of each identifier's epochs, ascending; an identifier without boundaries is absent.
Epochs = Mapping[JoinKey, Sequence[datetime]]


def epochs(boundaries: Iterable[Passed]) -> Epochs:
    """Each identifier's boundaries in time order."""
    starts: dict[JoinKey, set[datetime]] = {}
    for boundary in boundaries:
        starts.setdefault(boundary.identifier, set()).add(boundary.starts_at)
    return {identifier: sorted(times) for identifier, times in starts.items()}


def epoch_of(starts: Iterable[datetime], at: datetime) -> datetime:
    """The start of the epoch that `at` lies in: the last boundary not after it."""
    return max((start for start in starts if start <= at), default=FIRST_EPOCH)


def place_of(seen: Seen, started: Epochs) -> tuple[JoinKey, datetime] | JoinKey:
    """The identifier in the epoch of the sighting; one without boundaries has one epoch and is a place by itself."""
    starts = started.get(seen.identifier)
    return (seen.identifier, epoch_of(starts, seen.occurred_at)) if starts else seen.identifier


class Aliases:
    """Which values count as one because a human said that their owners are the same customer."""

    def __init__(self, rulings: Iterable[Ruling]) -> None:
        self._parent: dict[JoinKey, JoinKey] = {}
        for ruling in rulings:
            if ruling.same:
                for one, other in pairwise(sorted(ruling.aliases)):
                    if one[:2] == other[:2]:  # only values of one kind and scope can be the same
                        self._unite(one, other)

    def _unite(self, one: JoinKey, other: JoinKey) -> None:
        keep, drop = sorted((self.of(one), self.of(other)))
        self._parent[drop] = keep

    def of(self, identifier: JoinKey) -> JoinKey:
        """The value that stands for all of its aliases."""
        while (parent := self._parent.get(identifier, identifier)) != identifier:
            identifier = parent
        return identifier
