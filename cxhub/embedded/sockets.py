"""Where the unix sockets live: short paths, reachable by us alone."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from cxhub.embedded.errors import EmbeddedError
from cxhub.running.child import Account


def private_folder(purpose: str, data: Path, account: Account | None) -> Path:
    """An existing folder of mode 0700 that belongs to the server's account; the same one for the same data folder.

    Not inside the data folder: a socket path may have about 100 bytes, and another account may not reach it there.
    """
    owner = account.uid if account else os.geteuid()
    digest = hashlib.sha256(f"{data.resolve()}:{owner}".encode()).hexdigest()[:12]
    root = Path("/run") if os.geteuid() == 0 and os.access("/run", os.W_OK) else Path(tempfile.gettempdir())
    folder = root / f"cxhub-{digest}-{purpose}"
    if len(os.fsencode(folder)) > 80:
        folder = Path("/tmp") / folder.name  # noqa: S108 - the name is fixed, the ownership is checked below
    try:
        folder.mkdir(mode=0o700)
        if account:
            os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        pass
    except OSError as error:
        raise EmbeddedError(f"cannot make {folder} for the {purpose} socket: {error.strerror}.") from error
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) != 0o700:
        raise EmbeddedError(f"{folder} belongs to somebody else or is open to others. Remove it and start again.")
    return folder
