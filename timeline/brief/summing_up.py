"""The brief: at most seven lines, of every kind one before a second of any."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import zip_longest

from timeline.brief.meanwhile import colleagues, failed, files, switches
from timeline.brief.mood import mood
from timeline.brief.orders import orders
from timeline.brief.promises import promises
from timeline.brief.questions import open_questions, questions, repeats
from timeline.brief.values import Finding, Happened, Rule

MOST_LINES = 7
#: Lines of one kind.
MOST_OF_A_KIND = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who reads, when, in which zone, and when they were here last: None for the first time."""

    now: datetime
    zone: tzinfo
    since: datetime | None = None
    reader: int | None = None


def findings(entries: Sequence[Happened], visit: Visit) -> list[Finding]:
    """What matters of the entries (oldest first), in the order of `Rule`.

    What is open counts whenever it began; what merely happened, only since the last visit.
    """
    news = [entry for entry in entries if visit.since is None or entry.at > visit.since]
    waiting = open_questions(entries)
    kinds: list[list[Finding]] = [
        questions(waiting),
        repeats(entries, waiting),
        promises(entries, now=visit.now, zone=visit.zone),
        orders(entries, now=visit.now, zone=visit.zone),
        failed(entries),
        mood(news),
        switches(entries, news),
        colleagues(news, reader=visit.reader),
        files(news),
    ]
    rounds = zip_longest(*(kind[:MOST_OF_A_KIND] for kind in kinds))
    chosen = [line for row in rounds for line in row if line is not None][:MOST_LINES]
    order = list(Rule)
    return sorted(chosen, key=lambda line: order.index(line.rule))  # stable: within a kind as its rule has them
