"""When a customer goes on where nobody looked for them: on another channel, soon after they were last heard. Pure.

A message that came in is a hand-off when the one before it came on another channel, and either nobody had answered
that one within the last day, or the talk there is not older than two hours, answered or not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: An open question is carried over for so long, a talk that ended well for less.
OPEN_FOR = timedelta(hours=24)
CLOSED_FOR = timedelta(hours=2)


class Event(StrEnum):
    """What counts: the customer said something, somebody of us answered, somebody called it done."""

    ASKED = "asked"
    ANSWERED = "answered"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One message or resolve. `said` is what a reader is told of it."""

    entry_id: int
    channel_identity: int
    channel: str
    at: datetime
    event: Event
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """The customer went on from `before`, the last word on the old channel, with `message`.

    `unanswered` is the newest message there that nobody had answered, if there is one.
    """

    message: Spoken
    before: Spoken
    unanswered: Spoken | None

    @property
    def gap(self) -> timedelta:
        """Between the last word on the old channel and the first on the new one."""
        return self.message.at - self.before.at


def handoffs(spoken: Iterable[Spoken]) -> list[Handoff]:
    """Every hand-off in what was said, oldest first; `spoken` in order of time."""
    found = []
    asked: Spoken | None = None  # the customer's last message
    is_open = False  # nobody answered it
    last: dict[str, Spoken] = {}  # the last word by channel
    for one in spoken:
        if one.event is Event.ASKED:
            if asked and asked.channel != one.channel:
                before = last[asked.channel]
                if one.at - before.at <= (OPEN_FOR if is_open else CLOSED_FOR):
                    found.append(Handoff(message=one, before=before, unanswered=asked if is_open else None))
            asked, is_open = one, True
        else:
            is_open = False
        if one.event is not Event.RESOLVED:
            last[one.channel] = one
    return found


def current(spoken: Sequence[Spoken]) -> Handoff | None:
    """The hand-off that an answer would go on from: the newest, until somebody answered or called it done."""
    found = handoffs(spoken)
    if not found:
        return None
    since = [one for one in spoken if (one.at, one.entry_id) > (found[-1].message.at, found[-1].message.entry_id)]
    return found[-1] if all(one.event is Event.ASKED for one in since) else None
