"""When somebody is there to answer: weekly hours in a time zone, and days off. Pure: times in, an answer out."""

import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: A year of days is looked at for the next opening; who is closed for longer says so in other words.
_LOOK_AHEAD_DAYS = 366
MOST_HOLIDAYS = 400

_PART = re.compile(
    r"(?P<first>[a-z]{3})(?:\s*-\s*(?P<last>[a-z]{3}))?\s+"
    r"(?P<from>\d{1,2}:\d{2})\s*-\s*(?P<to>\d{1,2}:\d{2})"
)


class HoursError(ValueError):
    """What was given is not such a thing; the message says what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Opening times by weekday (0 is Monday) as (from, to) on the wall clock of `zone`; `to` is midnight for 24:00."""

    zone: zoneinfo.ZoneInfo
    week: Mapping[int, tuple[tuple[time, time], ...]]
    holidays: frozenset[date] = field(default_factory=frozenset)

    def is_open(self, moment: datetime) -> bool:
        """Whether somebody is there at that moment."""
        here = moment.astimezone(self.zone)
        if here.date() in self.holidays:
            return False
        clock = here.time().replace(tzinfo=None)
        return any(
            start <= clock and (end == time.min or clock < end) for start, end in self.week.get(here.weekday(), ())
        )

    def next_opening(self, moment: datetime) -> datetime | None:
        """When somebody is there next, in the zone; the moment itself while it is open, None if not within a year."""
        if self.is_open(moment):
            return moment.astimezone(self.zone)
        here = moment.astimezone(self.zone)
        for ahead in range(_LOOK_AHEAD_DAYS):
            day = here.date() + timedelta(days=ahead)
            if day in self.holidays:
                continue
            for start, _ in sorted(self.week.get(day.weekday(), ())):
                opening = datetime.combine(day, start, tzinfo=self.zone)
                if opening > here:
                    return opening
        return None

    def after(self, moment: datetime, minutes: int) -> datetime | None:
        """When somebody has been there for that many minutes since the moment, in UTC; None if not within a year.

        Minutes that pass, not minutes on the wall clock: a shift over the end of summer time is an hour longer.
        """
        reached = moment.astimezone(UTC)
        left = timedelta(minutes=minutes)
        first = moment.astimezone(self.zone).date()
        for ahead in range(_LOOK_AHEAD_DAYS):
            for start, end in self._spans(first + timedelta(days=ahead)):
                begin = max(start, reached)
                if begin + left <= end:
                    return begin + left
                if begin < end:
                    left -= end - begin
                    reached = end
        return None

    def _spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """The opening times of a day in UTC, ascending."""
        if day in self.holidays:
            return []
        return [
            (
                datetime.combine(day, start, tzinfo=self.zone).astimezone(UTC),
                datetime.combine(day + timedelta(days=end == time.min), end, tzinfo=self.zone).astimezone(UTC),
            )
            for start, end in sorted(self.week.get(day.weekday(), ()))
        ]


def read_hours(text: str, *, zone: str = "", holidays: str = "") -> Hours:
    """The hours that the settings say. Raises HoursError naming the part that is odd.

    `text` reads like `Mon-Fri 09:00-17:00, Sat 10:00-14:00`, `holidays` like `2026-12-25, 2026-12-26`.
    """
    week: dict[int, list[tuple[time, time]]] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _PART.fullmatch(part.casefold())
        if match is None:
            raise HoursError(f"expected such as Mon-Fri 09:00-17:00, Sat 10:00-14:00; got {part[:40]!r}")
        span = (_clock(match["from"]), _clock(match["to"]))
        if span[1] != time.min and span[0] >= span[1]:
            raise HoursError(f"the hours end before they start: {part[:40]!r}; write a night as two days")
        for day in _days(match["first"], match["last"] or match["first"]):
            week.setdefault(day, []).append(span)
    if not week:
        raise HoursError("expected at least one day, such as Mon-Fri 09:00-17:00")
    return Hours(
        zone=read_zone(zone or "UTC"),
        week=MappingProxyType({day: tuple(spans) for day, spans in week.items()}),
        holidays=read_holidays(holidays),
    )


def read_zone(text: str) -> zoneinfo.ZoneInfo:
    """The time zone of that name. Raises HoursError."""
    try:
        return zoneinfo.ZoneInfo(text.strip())
    except (KeyError, ValueError, OSError):
        raise HoursError(f"expected a time zone such as Europe/Berlin, got {text[:40]!r}") from None


def read_holidays(text: str) -> frozenset[date]:
    """The days off. Raises HoursError."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > MOST_HOLIDAYS:
        raise HoursError(f"expected at most {MOST_HOLIDAYS} days, got {len(parts)}")
    try:
        return frozenset(date.fromisoformat(part) for part in parts)
    except ValueError:
        raise HoursError("expected days such as 2026-12-25, 2026-12-26") from None


def _clock(text: str) -> time:
    hour, minute = map(int, text.split(":"))
    if (hour, minute) == (24, 0):
        return time.min
    if hour > 23 or minute > 59:
        raise HoursError(f"expected a time of day such as 09:00, got {text!r}")
    return time(hour, minute)


def _days(first: str, last: str) -> list[int]:
    if first not in DAYS or last not in DAYS:
        raise HoursError(f"expected days as {', '.join(day.capitalize() for day in DAYS)}; got {first!r} to {last!r}")
    start, end = DAYS.index(first), DAYS.index(last)
    return [day % len(DAYS) for day in range(start, end + 1 if end >= start else end + 1 + len(DAYS))]
