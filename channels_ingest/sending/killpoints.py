"""Places between two steps of sending where the crash rig can end the process; in life they cost one comparison."""

import os
import signal

#: The place at which to die, and after how many passings: `posted:3`.
VARIABLE = "CXHUB_KILL_SENDER_AT"
_place, _, _count = os.environ.get(VARIABLE, "").partition(":")
_left = int(_count or 1)


def pass_by(place: str) -> None:
    """The process is dead if the rig said so; otherwise nothing happened."""
    global _left  # noqa: PLW0603  (a countdown of this process)
    if place == _place:
        _left -= 1
        if _left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
