"""What a check finds: a state, a sentence, and what to do. No secret and nothing of a customer is in it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"  # it works; somebody should know
    BAD = "bad"  # something the hub promises does not hold


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about the installation. `do` is the next step, empty when there is none."""

    about: str
    state: State
    says: str
    do: str = ""


def ok(about: str, says: str) -> Finding:
    return Finding(about, State.OK, says)


def warning(about: str, says: str, do: str) -> Finding:
    return Finding(about, State.WARNING, says, do)


def bad(about: str, says: str, do: str) -> Finding:
    return Finding(about, State.BAD, says, do)


Check = Callable[[], Iterable[Finding]]


def examine(about: str, check: Check) -> Iterator[Finding]:
    """The check's findings; one that cannot be made is a finding too."""
    try:
        yield from check()
    except Exception as error:
        do = (
            "Correct what is reported above, if anything, and run doctor again; else report this as a fault of the hub."
        )
        yield bad(about, f"could not be examined: {type(error).__name__}", do)
