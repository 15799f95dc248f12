"""When a line's customers are to be answered, as settings of the account; `timeline.work.targets` counts the time."""

from collections.abc import Iterable

from channels_ingest.adapters.base import Setting
from timeline.work.targets import FIRST_REPLY, NAMES, NEXT_REPLY, fault_of_target

#: What every line that can send may be connected with, beside `channels_ingest.auto_reply`, whose hours count.
SETTINGS: tuple[Setting, ...] = (
    Setting(
        name=FIRST_REPLY,
        meaning="Minutes of your hours until the first answer in a matter; off for no target",
        check=fault_of_target,
    ),
    Setting(
        name=NEXT_REPLY,
        meaning="Minutes of your hours until each further answer; off for no target",
        check=fault_of_target,
    ),
)
#: Settings by which answers become due at another time.
_MOVE = frozenset({*NAMES, "hours", "time_zone", "holidays"})


def move_targets(changed: Iterable[str]) -> bool:
    """Whether a change of these settings makes answers due at another time."""
    return not _MOVE.isdisjoint(changed)
