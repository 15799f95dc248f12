"""What the supervisor shows: one prefixed line per line of a child, coloured only for a terminal."""

import contextlib
import sys
from typing import TextIO

_WIDTH = 8
_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92)


class Console:
    """Log lines go to stderr; stdout is for the few lines that a program waits for. A closed pipe is not our death."""

    def __init__(self) -> None:
        self._colours: dict[str, int] = {}
        self._coloured = sys.stderr.isatty()

    def line(self, name: str, text: str) -> None:
        """One line of a child."""
        prefix = f"{name:<{_WIDTH}}| "
        if self._coloured:
            colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        self._write(sys.stderr, prefix + text)

    def note(self, text: str) -> None:
        """One line of the hub itself."""
        self.line("hub", text)

    def answer(self, text: str) -> None:
        """One line on stdout."""
        self._write(sys.stdout, text)

    @staticmethod
    def _write(stream: TextIO, text: str) -> None:
        """The whole text: under PYTHONUNBUFFERED, a write to a full pipe that a signal interrupts ends early."""
        rest = memoryview(f"{text}\n".encode(stream.encoding, "backslashreplace"))
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
            while rest and (written := stream.buffer.write(rest)):
                rest = rest[written:]
            stream.buffer.flush()
