"""`postmaster.pid`: who runs on a cluster, whether it accepts connections, and what a crash left there.

PostgreSQL trusts a left-over file as soon as its number belongs to any process of the same user, which after a restart
of a container it usually does. We hold the data folder's own lock, so only a server that is ending can be meant.
"""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

_PID_LINE, _STATUS_LINE = 0, 7
_ENDING_SECONDS = 10.0


def is_ready(cluster: Path, pid: int) -> bool:
    """The server with this pid accepts connections; pg_ctl looks at the same line."""
    lines = _lines(cluster)
    return len(lines) > _STATUS_LINE and lines[_PID_LINE] == str(pid) and lines[_STATUS_LINE] == "ready"


def clear_stale(cluster: Path) -> None:
    """No server runs on the cluster and no file claims so. A left-over one is waited for, then told to stop at once."""
    lines = _lines(cluster)
    if not lines:
        return
    pid = int(lines[_PID_LINE]) if lines[_PID_LINE].isdigit() else 0
    deadline = time.monotonic() + _ENDING_SECONDS
    told = False
    while pid and _is_server_of(pid, cluster) and time.monotonic() < deadline:
        if not told and time.monotonic() > deadline - _ENDING_SECONDS / 2:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGQUIT)
            told = True
        time.sleep(0.05)
    if not _is_server_of(pid, cluster):
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def _is_server_of(pid: int, cluster: Path) -> bool:
    """This process is a postgres on this cluster. Where /proc does not tell, any postgres counts."""
    if not pid:
        return False
    process = Path("/proc") / str(pid)
    if Path("/proc/self").exists():
        try:
            name = (process / "comm").read_text(encoding="utf-8").strip()
            return name == "postgres" and (process / "cwd").stat().st_ino == cluster.stat().st_ino
        except OSError:
            return False
    found = subprocess.run(["ps", "-p", str(pid), "-o", "comm="], capture_output=True, text=True, check=False)  # noqa: S607
    return "postgres" in found.stdout


def _lines(cluster: Path) -> list[str]:
    try:
        return [line.strip() for line in (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return []
