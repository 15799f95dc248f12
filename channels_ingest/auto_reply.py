"""The acknowledgement that a line may send by itself: what it says, and whether a message gets one. Pure.

Never to a machine, never where the sender may be forged (somebody else would get it), never where the customer wants
nothing, once while the customer waits, and at most once a day to an address, whatever else went wrong.
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from channels_ingest.adapters.base import Setting
from profiles.identity.values import Standing
from profiles.office_hours import Hours, HoursError, read_holidays, read_hours, read_zone

#: Later than this it would acknowledge what everybody has forgotten: the hub was away, or history came in.
LATEST = timedelta(minutes=15)
#: Many automatic replies do not say that they are: this ends every loop (CHANNELS, "Never auto-answer").
APART = timedelta(hours=24)
#: Nothing that a stranger wrote stands in a mail of ours: our own words only.
VARIABLES = frozenset({"line", "opens"})
LONGEST = 600
OFF = "off"
ALWAYS, CLOSED = "always", "closed"


def _check_text(value: str) -> str:
    if len(value) > LONGEST:
        return f"expected at most {LONGEST} characters, got {len(value)}"
    try:
        names = {name for _, name, spec, change in string.Formatter().parse(value) if name is not None}
        odd = any(spec or change for _, name, spec, change in string.Formatter().parse(value) if name is not None)
    except ValueError:
        return "expected text in which { and } stand around a variable only; write {{ for one of them"
    if odd or names - VARIABLES:
        return f"expected no variables but {', '.join(f'{{{name}}}' for name in sorted(VARIABLES))}"
    return ""


def _check_when(value: str) -> str:
    return "" if value in (ALWAYS, CLOSED) else f"expected {ALWAYS} or {CLOSED}, got {value[:40]!r}"


def _fault(check: object, value: str) -> str:
    try:
        check(value)  # type: ignore[operator]
    except HoursError as error:
        return str(error)
    return ""


#: What every line that can send may be connected with.
SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="auto_reply",
        meaning="What is answered at once; {opens} is when you are there next, {line} the line's name; off for nothing",
        check=_check_text,
    ),
    Setting(name="auto_reply_when", meaning="always, or closed: only outside the hours", check=_check_when),
    Setting(
        name="hours",
        meaning="When somebody answers, such as Mon-Fri 09:00-17:00, Sat 10:00-14:00",
        check=lambda value: _fault(read_hours, value),
    ),
    Setting(
        name="time_zone", meaning="Of the hours, such as Europe/Berlin", check=lambda value: _fault(read_zone, value)
    ),
    Setting(
        name="holidays",
        meaning="Days off, such as 2026-12-25, 2026-12-26",
        check=lambda value: _fault(read_holidays, value),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a line answers by itself, and when."""

    text: str
    line: str
    hours: Hours | None
    when: str

    def words(self, moment: datetime) -> str:
        """The text as it is sent at that moment; empty while the hours name no next opening that it asks for."""
        opening = self.hours.next_opening(moment) if self.hours else None
        if opening is None and "opens" in {name for _, name, _, _ in string.Formatter().parse(self.text)}:
            return ""
        opens = opening.strftime("%Y-%m-%d %H:%M %Z") if opening else ""
        return self.text.format(line=self.line, opens=opens)


def plan_of(settings: Mapping[str, object], line: str) -> Plan | None:
    """The plan that a line's settings make; None for a line that answers nothing by itself, or says it oddly."""
    text = str(settings.get("auto_reply") or "")
    if not text or text == OFF or _check_text(text):
        return None
    given = str(settings.get("hours") or "")
    zone, holidays = str(settings.get("time_zone") or ""), str(settings.get("holidays") or "")
    try:
        hours = read_hours(given, zone=zone, holidays=holidays) if given else None
    except HoursError:
        return None
    when = str(settings.get("auto_reply_when") or (CLOSED if hours else ALWAYS))
    return Plan(text=text, line=line, hours=hours, when=when)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A customer's message that nobody has answered, as the decision needs it.

    `stay_silent` says why a machine must not answer the message; `last_automatic_at` is when the address last got such
    an answer of ours, `episode_since` since when the customer waits.
    """

    written_at: datetime
    episode_since: datetime
    standing: str
    is_open: bool
    stay_silent: str = ""
    last_automatic_at: datetime | None = None
    had_automatic_since: bool = False


def reason_not_to(plan: Plan, waiting: Waiting, now: datetime) -> str:
    """Why the message gets no acknowledgement: a code, empty when it gets one."""
    if waiting.stay_silent:
        return "automatic"
    if waiting.standing != Standing.PROVED:
        return "forgeable"
    if not waiting.is_open:
        return "closed_address"
    if now - waiting.episode_since > LATEST or now - waiting.written_at > LATEST:
        return "late"
    if waiting.had_automatic_since:
        return "episode"
    if waiting.last_automatic_at is not None and now - waiting.last_automatic_at < APART:
        return "recently"
    if plan.when == CLOSED and plan.hours is not None and plan.hours.is_open(waiting.written_at):
        return "hours"
    return "" if plan.words(now) else "no_opening"
