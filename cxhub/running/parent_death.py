"""A process dies with the one that started it, so that a SIGKILL of the hub leaves nothing running.

Linux asks the kernel (PR_SET_PDEATHSIG). Elsewhere a thread watches the parent, which works for our own Python only.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(signal_number: int = signal.SIGKILL) -> None:
    """This process gets the signal when its parent ends. Call it once, from the main thread.

    The kernel forgets the request at setuid, so ask after it. It means the parent *thread*, so the parent must start
    its children from a thread that lives as long as itself.
    """
    parent = os.getppid()
    if _LIBC is not None:
        ask_kernel(signal_number, parent)
    else:
        threading.Thread(target=_watch, args=(parent, signal_number), name="parent-watch", daemon=True).start()


def ask_kernel(signal_number: int, parent: int) -> None:
    """The kernel sends the signal when the parent ends; at once, if it ended before we asked."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal_number)


def adopt_orphans() -> None:
    """Descendants whose parent dies become children of this process (Linux), so that it can end them."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """The pids of this process's children, adopted ones too; empty where /proc does not tell."""
    found = set()
    with contextlib.suppress(OSError):
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with contextlib.suppress(OSError):
                    # "pid (comm) state ppid ...": the name may hold anything, so read behind its last bracket
                    fields = (
                        Path("/proc", entry, "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
                    )
                    if int(fields.split()[1]) == os.getpid():
                        found.add(int(entry))
    return found


def _watch(parent: int, signal_number: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal_number)


def _guard(signal_number: int, command: list[str]) -> int:
    """Run the command; pass our signals on to it, and its death signal once our own parent is gone."""
    parent = os.getppid()
    child = subprocess.Popen(command)
    for passed in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(passed, lambda number, _frame: child.send_signal(number))
    while True:
        try:
            return child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                child.send_signal(signal_number)


if __name__ == "__main__":  # `python -m cxhub.running.parent_death SIGNAL COMMAND...`, where no kernel does it
    sys.exit(_guard(int(sys.argv[1]), sys.argv[2:]))
