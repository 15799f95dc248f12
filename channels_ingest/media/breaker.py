"""Hosts that keep failing are left alone for a while, so that one of them does not use up everybody's time."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

FAILURES = 5
PAUSE_SECONDS = 60.0
#: Hosts remembered at most; the ones that failed longest ago are forgotten.
MOST_HOSTS = 1_000


class HostPausedError(Exception):
    """The host failed several times in a row; `seconds` until it is asked again."""

    def __init__(self, seconds: float) -> None:
        super().__init__("the host keeps failing and is left alone for a while")
        self.seconds = seconds


@dataclass(slots=True)
class Breaker:
    """Counts failures in a row by host, in this process. After a pause one request may try."""

    clock: Callable[[], float] = time.monotonic
    _failures: dict[str, tuple[int, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, host: str) -> None:
        """The host may be asked now. Raises HostPausedError."""
        with self._lock:
            count, last = self._failures.get(host, (0, 0.0))
            left = last + PAUSE_SECONDS - self.clock()
            if count >= FAILURES:
                if left > 0:
                    raise HostPausedError(left)
                self._failures[host] = (count, self.clock())  # whoever asks next waits for this one's outcome

    def failed(self, host: str) -> None:
        """It did not answer, or with a fault of its own."""
        with self._lock:
            count, _last = self._failures.pop(host, (0, 0.0))
            self._failures[host] = (count + 1, self.clock())
            while len(self._failures) > MOST_HOSTS:
                del self._failures[next(iter(self._failures))]

    def worked(self, host: str) -> None:
        """It answered."""
        with self._lock:
            self._failures.pop(host, None)
