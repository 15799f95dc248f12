"""Conversations written as lines: `talk("mon 10:00 email in Where is it?")`."""

from datetime import UTC, datetime, timedelta
from typing import Any

from timeline.brief.values import Happened

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def at(day: str, clock: str) -> datetime:
    """The moment in the week from Monday, 16 November 2026."""
    hours, minutes = clock.split(":")
    return MONDAY + timedelta(days=DAYS.index(day), hours=int(hours), minutes=int(minutes))


def said(number: int, line: str, **more: Any) -> Happened:
    """One message: day, time, channel, direction, text."""
    day, clock, channel, direction, *text = line.split(" ", 4)
    given: dict[str, Any] = {"kind": "message", "text": text[0] if text else "", **more}
    return Happened(id=number, at=at(day, clock), channel=channel, direction=direction, **given)


def talk(*lines: str) -> list[Happened]:
    """Messages with the ids 1, 2, ..."""
    return [said(number, line) for number, line in enumerate(lines, start=1)]


def done(entry: int, day: str, clock: str, kind: str, /, **detail: Any) -> Happened:
    """Something that is no message: an order, a note, what a colleague did."""
    return Happened(id=entry, at=at(day, clock), kind=kind, direction="none", channel="store", detail=detail)
