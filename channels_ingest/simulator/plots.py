"""Reads `plots.txt`: what customers and the shop say to each other, beat by beat."""

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

PLOTS_FILE = Path(__file__).with_name("plots.txt")

_BEAT = re.compile(
    r"\+(?P<delay>\w+) (?P<who>[cs]\d?)(?: (?P<verb>[a-z]+))?(?:\((?P<file>[^)]*)\))?(?: (?P<number>\d+))?:(?P<text>.*)"
)
_DELAY = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


class PlotError(ValueError):
    """A line of the plots file is not one; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One thing that happens, `after` the one before. `line` is set where the customer goes on with another number."""

    after: timedelta = timedelta()
    who: str = ""
    verb: str = "says"
    wordings: tuple[str, ...] = ("",)
    filename: str = ""
    failure: int = 0
    line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A story that can be told of any customer; a `group` one of that many at once."""

    name: str
    line: str
    weight: int = 0
    language: str = "en"
    group: int = 0
    beats: tuple[Beat, ...] = ()


@cache
def plots() -> tuple[Plot, ...]:
    """Every plot of the file, in its order."""
    found: list[tuple[Plot, list[Beat]]] = []
    for number, line in enumerate(PLOTS_FILE.read_text("utf-8").splitlines(), start=1):
        if line.startswith("== "):
            found.append((_heading(line[3:]), []))
        elif line.startswith(("+", "@")):
            try:
                found[-1][1].append(_beat(line))
            except (PlotError, IndexError) as error:
                raise PlotError(f"{PLOTS_FILE.name}:{number}: expected a beat of a plot: {error}") from None
        elif line.strip() and not line.startswith("#"):
            raise PlotError(f"{PLOTS_FILE.name}:{number}: expected '== ', '+', '@' or '#'")
    return tuple(
        Plot(
            name=plot.name,
            line=plot.line,
            weight=plot.weight,
            language=plot.language,
            group=plot.group,
            beats=tuple(beats),
        )
        for plot, beats in found
    )


def _heading(text: str) -> Plot:
    name, *fields = (part.strip() for part in text.split(";"))
    given = dict(field.split("=", 1) for field in fields)
    return Plot(
        name=name,
        line=given["line"],
        weight=int(given.get("weight", 0)),
        language=given.get("lang", "en"),
        group=int(given.get("group", 0)),
    )


def _beat(line: str) -> Beat:
    if line.startswith("@"):
        return Beat(line=line[1:].strip())
    if not (match := _BEAT.fullmatch(line)):
        raise PlotError("+DELAY WHO VERB: text")
    return Beat(
        after=_delay(match["delay"]),
        who=match["who"],
        verb=match["verb"] or "says",
        wordings=tuple(part.strip() for part in match["text"].split(" | ")),
        filename=match["file"] or "",
        failure=int(match["number"] or 0),
    )


def _delay(text: str) -> timedelta:
    match = _DELAY.fullmatch(text)
    if not match or not any(match.groups()):
        raise PlotError(f"{text} is no delay like 4m, 2h or 1d3h")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
