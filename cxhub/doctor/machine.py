"""The machine: Python, the data folder, disk space."""

import platform
import shutil
import stat
import sys
from collections.abc import Iterator

from cxhub.doctor.findings import Finding, bad, ok, warning
from cxhub.running.data_folder import DataFolder

OLDEST_PYTHON = (3, 11)
#: PostgreSQL stops when a disk is full; a busy hub writes about 1 GiB for a million messages.
LEAST_FREE_BYTES = 1 << 30
COMFORTABLE_FREE_BYTES = 5 << 30


def python() -> Iterator[Finding]:
    """New enough, in a supported version."""
    if sys.version_info < OLDEST_PYTHON:
        yield bad("python", f"{platform.python_version()} is too old", "Start the hub with Python 3.11 or newer.")
    else:
        yield ok("python", platform.python_version())


def data_folder(folder: DataFolder) -> Iterator[Finding]:
    """It can be written, by this user alone."""
    about = "data folder"
    folder.make()  # raises what to do when it cannot be written; closes a folder that holds nothing but the hub
    mode = stat.S_IMODE(folder.path.stat().st_mode)
    if mode & 0o022:
        yield bad(about, f"{folder.path} can be written by others", f"chmod go-w {folder.path}")
    elif mode & 0o077:
        do = f"chmod 700 {folder.path}, unless others must enter it."
        yield warning(about, f"{folder.path} can be entered by others", do)
    else:
        yield ok(about, f"{folder.path}, for this user alone")
    for name in ("secret_key", "hub.json"):
        path = folder.path / name
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield bad(about, f"others can read {path}", f"chmod 600 {path}, and make new secrets if somebody did.")


def disk(folder: DataFolder) -> Iterator[Finding]:
    """There is room below the data folder."""
    free = shutil.disk_usage(folder.path).free
    says = f"{free / (1 << 30):.1f} GiB free for {folder.path}"
    do = "Free or add space: PostgreSQL stops taking messages when its disk is full."
    if free < LEAST_FREE_BYTES:
        yield bad("disk", says, do)
    elif free < COMFORTABLE_FREE_BYTES:
        yield warning("disk", says, do)
    else:
        yield ok("disk", says)
