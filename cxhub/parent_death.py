"""A process dies with the one that started it, so that a SIGKILL of the hub leaves nothing running.

Linux asks the kernel (PR_SET_PDEATHSIG). Elsewhere a thread watches the parent, which works for our own Python only.
"""

import ctypes
import os
import signal
import sys
import threading
import time

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


def _watch(parent: int, signal_number: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal_number)
