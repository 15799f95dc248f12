"""A child process as a value, and how it is started so that it cannot outlive the hub."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cxhub.running import parent_death


@dataclass(frozen=True, slots=True)
class Account:
    """The user a child runs as; only root can choose another than itself."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Child:
    """One process of the hub.

    `ready(pid)` is cheap and says whether it does its work now; `prepare` runs before every start, after a crash too.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    ready: Callable[[int], bool]
    prepare: Callable[[], None] = lambda: None
    working_folder: Path | None = None
    account: Account | None = None
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL
    restarts: bool = True
    first_restart_seconds: float = 1.0


def spawn(child: Child, output: int) -> subprocess.Popen[bytes]:
    """The child runs in a session of its own, writes to `output`, and gets its death signal when this process ends.

    Call it from the main thread: the kernel's parent-death signal means the starting thread.
    """
    parent = os.getpid()

    def die_with_us() -> None:  # runs after setuid, which would have cleared the request
        parent_death.ask_kernel(child.death_signal, parent)

    command = child.command
    if sys.platform != "linux":  # nobody but Python can watch its parent there
        command = (sys.executable, "-m", "cxhub.running.parent_death", str(int(child.death_signal)), *command)
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=child.working_folder,
        env=dict(child.environ),
        start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then stops things in order
        user=child.account.uid if child.account else None,
        group=child.account.gid if child.account else None,
        extra_groups=[] if child.account else None,
        preexec_fn=die_with_us,  # noqa: PLW1509 - whoever spawns has no other thread that holds a lock
    )
