"""Deliveries of the last 24 hours as bars, one for each hour: drawn by the server, as no style may stand in a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOURS = 24
#: Of the drawing, in its own units: the width of a bar with its gap, and the height of the highest.
STEP, HEIGHT = 5, 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour: `x`, and from the bottom up what was taken and what was refused, in the drawing's units."""

    x: int
    taken: int
    refused: int

    @property
    def taken_y(self) -> int:
        return HEIGHT - self.taken

    @property
    def refused_y(self) -> int:
        return HEIGHT - self.taken - self.refused


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The bars, oldest first, and the numbers in words' stead."""

    bars: Sequence[Bar]
    taken: int
    refused: int
    most: int
    width: int = HOURS * STEP
    height: int = HEIGHT


def sparkline(taken: Mapping[datetime, int], refused: Mapping[datetime, int], now: datetime) -> Sparkline:
    """The drawing of numbers by hour. An hour in which something came has a bar of one unit at least."""
    last = now.replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=HOURS - 1 - number) for number in range(HOURS)]
    counts = [(taken.get(hour, 0), refused.get(hour, 0)) for hour in hours]
    most = max(sum(each) for each in counts)
    bars = []
    for number, (good, bad) in enumerate(counts):
        bad_high = max(1, round(bad * (HEIGHT - 1) / most)) if bad else 0
        good_high = max(1, min(round(good * HEIGHT / most), HEIGHT - bad_high)) if good else 0
        bars.append(Bar(x=number * STEP, taken=good_high, refused=bad_high))
    return Sparkline(bars, sum(good for good, _ in counts), sum(bad for _, bad in counts), most)
