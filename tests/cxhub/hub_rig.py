"""Starts `manage.py` as an outsider does, and knows what it left running."""

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import psutil

PROJECT = Path(__file__).resolve().parent.parent.parent


def outside_environ(**more: str) -> dict[str, str]:
    """The environment without the test run's own servers."""
    ours = ("DATABASE_URL", "REDIS_URL", "CXHUB_DATA", "SECRET_KEY", "PUBLIC_BASE_URL", "CXHUB_LIVE_URL")
    return {name: value for name, value in os.environ.items() if name not in ours} | more


def manage(*arguments: str, data: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """One command, run to its end from another folder."""
    return subprocess.run(
        [sys.executable, str(PROJECT / "manage.py"), *arguments],
        env=outside_environ(CXHUB_DATA=str(data), **more),
        cwd="/",
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


class Started:
    """A process whose stdout and stderr are read as they come."""

    def __init__(self, command: Sequence[str], environ: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command, env=environ, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.seen: list[str] = []
        assert self.process.stdout
        assert self.process.stderr
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """It has ended and its output was read to the end."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for reader in self._readers:
            reader.join(timeout=5)

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self.lines.put(line.rstrip("\n"))

    def line_with(self, part: str, *, within_seconds: float) -> str:
        """The next line that holds `part`."""
        deadline = time.monotonic() + within_seconds
        while time.monotonic() < deadline:
            try:
                line = self.lines.get(timeout=0.1)
            except queue.Empty:
                continue
            self.seen.append(line)
            if part in line:
                return line
        raise AssertionError(f"no line with {part!r} within {within_seconds} s; seen:\n" + "\n".join(self.seen))

    def family(self) -> list[psutil.Process]:
        """The process and everything below it."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]


def started_hub(data: Path, *arguments: str, **more: str) -> Started:
    """`manage.py up` on a free port."""
    command = [sys.executable, str(PROJECT / "manage.py"), "up", "--port", "0", "--data", str(data), *arguments]
    return Started(command, outside_environ(**more))


def holds_within(seconds: float, fact: Callable[[], bool]) -> bool:
    """The fact holds at some moment within the time."""
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def all_gone(family: Sequence[psutil.Process], *, within_seconds: float) -> bool:
    """None of these runs any more. A zombie that only waits to be reaped has ended."""

    def gone(process: psutil.Process) -> bool:
        try:
            return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return holds_within(within_seconds, lambda: all(gone(process) for process in family))
