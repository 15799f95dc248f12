"""When an answer is due: minutes within the business hours of the line on which the oldest open question came. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from profiles.office_hours import Hours, HoursError, read_hours

FIRST_REPLY, NEXT_REPLY = "first_reply_minutes", "next_reply_minutes"
#: Settings of a channel account: minutes until the first answer in a matter, and until each further one.
NAMES = (FIRST_REPLY, NEXT_REPLY)
OFF = "off"
#: Twelve weeks of days and nights.
MOST_MINUTES = 120_960


def fault_of_target(text: str) -> str:
    """What is wrong with a target, empty when nothing is."""
    if text == OFF or (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_MINUTES and len(text) <= 9):
        return ""
    return f"expected whole minutes from 1 to {MOST_MINUTES}, or {OFF}; got {text[:40]!r}"


def due_at(settings: Mapping[str, Any], since: datetime, *, is_first: bool) -> datetime | None:
    """When a message of that moment wants its answer by the settings of its line; None without a target.

    Without hours the line is always open. Never raises: what is odd in the settings counts as not set.
    """
    text = str(settings.get(FIRST_REPLY if is_first else NEXT_REPLY) or "")
    if text in ("", OFF) or fault_of_target(text):
        return None
    minutes = int(text)
    hours = _hours(*(str(settings.get(name) or "") for name in ("hours", "time_zone", "holidays")))
    return hours.after(since, minutes) if hours else since + timedelta(minutes=minutes)


@lru_cache(maxsize=256)
def _hours(text: str, zone: str, holidays: str) -> Hours | None:
    try:
        return read_hours(text, zone=zone, holidays=holidays) if text else None
    except HoursError:
        return None
