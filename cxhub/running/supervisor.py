"""Children are started, their output is prefixed, crashed ones come back, and all of them end with us.

One thread, one selector: the kernel's parent-death signal is bound to the starting thread, and a loop that does one
thing at a time can be read from top to bottom.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cxhub.running import parent_death
from cxhub.running.child import Child, spawn
from cxhub.running.console import Console

_TICK_SECONDS = 0.1
_CHUNK_BYTES = 65536


class StopRequested(Exception):  # noqa: N818 - it is none
    """Somebody pressed Ctrl-C or sent SIGTERM."""


class StartError(Exception):
    """The hub cannot start. The message says why and the next step."""


class KeepsCrashingError(Exception):
    """One process crashed too often to go on."""


@dataclass(frozen=True, slots=True)
class Policy:
    """When to restart, and when to give up. Delays double from the child's own first one."""

    longest_restart_seconds: float = 30.0
    crashes: int = 5
    window_seconds: float = 60.0


@dataclass(slots=True, eq=False)
class Running:
    """A child, and what has happened to it so far."""

    child: Child
    process: subprocess.Popen[bytes] | None = None
    output: int = -1
    unfinished_line: bytes = b""
    restart_at: float | None = None
    crashed_at: deque[float] = field(default_factory=deque)


class Supervisor:
    """Use as a context manager: on the way out everything it started has ended."""

    def __init__(self, console: Console, policy: Policy | None = None) -> None:
        self._console = console
        self._policy = policy or Policy()
        self._selector = selectors.DefaultSelector()
        self._running: list[Running] = []
        self._once: list[Running] = []
        self._not_ours: set[int] = set()
        self._wake_read, self._wake_write = os.pipe()
        self._signals: list[int] = []

    def __enter__(self) -> "Supervisor":
        parent_death.adopt_orphans()
        self._not_ours = parent_death.children()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler, so that a dying child wakes the selector
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda received, _frame: self._signals.append(received))
        return self

    def __exit__(self, *_: object) -> None:
        self.stop([running.child.name for running in reversed(self._running)], within_seconds=3.0)
        signal.set_wakeup_fd(-1)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def start(self, child: Child) -> None:
        """The child runs; it runs again after each end, unless it is of the kind that ends."""
        running = Running(child)
        self._running.append(running)
        self._spawn(running)

    def wait_until_ready(self, names: Sequence[str], *, within_seconds: float) -> None:
        """Each of these does its work now; StartError names the ones that do not get there."""
        waiting = [running for running in self._running if running.child.name in names]

        def all_ready() -> bool:
            waiting[:] = [running for running in waiting if not _is_ready(running)]
            return not waiting

        if not self._pump(all_ready, within_seconds):
            missing = ", ".join(running.child.name for running in waiting)
            raise StartError(
                f"not ready after {within_seconds:.0f} seconds: {missing}. The lines above should say why."
            )

    def run_to_end(self, child: Child, *, captured: list[str] | None = None) -> int:
        """The child has run once, with everything else going on; its exit status. Its lines are shown, or captured."""
        running = Running(child)
        self._once.append(running)
        self._open(running)
        self._selector.modify(running.output, selectors.EVENT_READ, (running, captured))
        process = running.process
        assert process is not None
        try:
            self._pump(lambda: process.poll() is not None, None)
        finally:
            if process.poll() is None:
                _kill_group(process)
                process.wait()
            self._drain(running, captured)
            self._once.remove(running)
        return process.returncode

    def run(self) -> None:
        """Does not return: StopRequested when asked to stop, KeepsCrashingError when a child does."""
        self._pump(lambda: False, None)

    def stop(self, names: Sequence[str], *, within_seconds: float) -> None:
        """These and what they started have ended: asked first, killed when the time is over."""
        ending = [running for running in self._running if running.child.name in names]
        self._running = [running for running in self._running if running not in ending]
        for running in ending:
            if running.process and running.process.poll() is None:
                running.process.send_signal(running.child.stop_signal)
        deadline = time.monotonic() + within_seconds
        alive = [running for running in ending if running.process and running.process.poll() is None]
        while alive and time.monotonic() < deadline and len(self._signals) < 2:  # a second Ctrl-C is impatience
            self._read_output(_TICK_SECONDS)
            alive = [running for running in alive if running.process and running.process.poll() is None]
        for running in ending:
            if running.process:
                if running in alive:
                    self._console.note(f"{running.child.name} did not stop within {within_seconds:.0f} s; killed")
                _kill_group(running.process)
                running.process.wait()
                self._drain(running, None)
        self._end_orphans()

    def _pump(self, until: Callable[[], bool], within_seconds: float | None) -> bool:
        """Pass lines on and restart what crashes until the condition holds; False when the time is over."""
        deadline = None if within_seconds is None else time.monotonic() + within_seconds
        while not until():
            if self._signals:
                raise StopRequested
            if deadline is not None and time.monotonic() > deadline:
                return False
            self._read_output(self._pause(deadline))
            self._look_after_children()
        return True

    def _pause(self, deadline: float | None) -> float | None:
        """How long the loop may sleep: until the next restart; briefly while somebody waits for a condition."""
        if deadline is not None:
            return _TICK_SECONDS
        due = [running.restart_at for running in self._running if running.restart_at is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _look_after_children(self) -> None:
        now = time.monotonic()
        for running in tuple(self._running):
            if running.process and running.process.poll() is not None:
                self._bury(running, now)
            elif running.restart_at is not None and now >= running.restart_at:
                running.restart_at = None
                self._spawn(running)

    def _bury(self, running: Running, now: float) -> None:
        """What an ended child left is cleared away, and its restart is planned or given up."""
        process = running.process
        assert process is not None
        _kill_group(process)
        self._drain(running, None)
        running.process = None
        self._end_orphans()
        if running.child.restarts:
            self._plan_restart(running, process.returncode, now)
        else:
            self._running.remove(running)
            self._console.note(f"{running.child.name} ended with {_ending(process.returncode)}")

    def _plan_restart(self, running: Running, status: int, now: float) -> None:
        crashed_at = running.crashed_at
        crashed_at.append(now)
        while crashed_at[0] < now - self._policy.window_seconds:
            crashed_at.popleft()
        name, ending = running.child.name, _ending(status)
        if len(crashed_at) >= self._policy.crashes:
            raise KeepsCrashingError(
                f"{name} crashed {len(crashed_at)} times within {self._policy.window_seconds:.0f} seconds"
                f" (last: {ending}). The lines above should say why."
            )
        delay = running.child.first_restart_seconds * 2 ** (len(crashed_at) - 1)
        delay = min(delay, self._policy.longest_restart_seconds)
        running.restart_at = now + delay
        self._console.note(f"{name} ended with {ending}; starting it again in {delay:g} s")

    def _spawn(self, running: Running) -> None:
        running.child.prepare()
        self._open(running)

    def _open(self, running: Running) -> None:
        running.output, write_end = os.pipe()
        os.set_blocking(running.output, False)
        self._selector.register(running.output, selectors.EVENT_READ, (running, None))
        try:
            running.process = spawn(running.child, write_end)
        except OSError as error:
            raise StartError(f"cannot start {running.child.name}: {error}") from error
        finally:
            os.close(write_end)

    def _read_output(self, timeout: float | None) -> None:
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_read, 4096)
                continue
            running, captured = key.data
            self._pass_on(running, captured)

    def _pass_on(self, running: Running, captured: list[str] | None) -> bool:
        """Show what the child wrote; False when there is nothing to read now or ever."""
        try:
            chunk = os.read(running.output, _CHUNK_BYTES)
        except BlockingIOError:
            return False
        if not chunk:
            self._selector.unregister(running.output)
            os.close(running.output)
            running.output = -1
        *lines, rest = (running.unfinished_line + chunk).split(b"\n")
        if rest and (not chunk or len(rest) > _CHUNK_BYTES):
            lines, rest = [*lines, rest], b""
        running.unfinished_line = rest
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip("\r")
            if captured is None:
                self._console.line(running.child.name, text)
            else:
                captured.append(text)
        return bool(chunk)

    def _drain(self, running: Running, captured: list[str] | None) -> None:
        """What an ended child had still written is shown. A stray that holds the pipe open is not waited for."""
        while running.output >= 0 and self._pass_on(running, captured):
            pass
        if running.output >= 0:
            self._selector.unregister(running.output)
            os.close(running.output)
            running.output = -1

    def _end_orphans(self) -> None:
        """Processes that a dead child had started, and that the kernel gave to us, are killed."""
        known = {running.process.pid for running in self._running + self._once if running.process}
        for pid in parent_death.children() - known - self._not_ours:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _is_ready(running: Running) -> bool:
    process = running.process
    return process is not None and process.poll() is None and running.child.ready(process.pid)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """The child and everything in its session's first group is gone; a master must not leave its workers."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
