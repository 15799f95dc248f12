"""What `profiles` announces, inside the transaction in which it happened, so that others record it atomically."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class Move:
    """A channel identity went from one profile to another. `because` is the shared identifiers as (kind, value)."""

    channel_identity_id: int
    from_profile_id: int
    to_profile_id: int
    because: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """What happened at an address from `start` until before `end` (None: for ever) now belongs to another epoch."""

    from_identity_id: int
    to_identity_id: int
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class SeenAgain:
    """Something that moved had confirmed this sighting: evidence about where it went."""

    channel_identity_id: int
    sighting_id: int
    occurred_at: datetime
    source: str


#: Sent with `moves: list[Move]`, `operation_id: int | None` and `retold: set[int]` whenever a profile's block changed,
#: or what is told of it: `retold` are the profiles of which entries, traits or numbers came or went.
identity_changed = Signal()

#: Sent with `spans: list[Span]` and `operation_id: int | None`; a receiver moves what it keeps and returns
#: `(identities that have something now, list[SeenAgain])`.
epochs_changed = Signal()


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A question: when was one of these sightings first confirmed from `start` until before `end` (None: for ever)?"""

    channel_identity_id: int
    sighting_ids: tuple[int, ...]
    start: datetime
    end: datetime | None


def as_rows(asked: Iterable[Confirmation]) -> str:
    """The questions as a JSON document, to be asked in one statement."""
    return json.dumps([asdict(each) for each in asked], default=datetime.isoformat)


#: Sent with `asked: list[Confirmation]`; a receiver returns `list[SeenAgain]`, at most one for each question.
confirmations_wanted = Signal()
