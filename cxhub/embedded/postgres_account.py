"""PostgreSQL refuses to run as root. As root it gets another account, and no parent folder is opened for it.

See docs/decisions/embedded-postgres-as-root.md for the alternatives that lost.
"""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from cxhub.embedded.errors import EmbeddedError
from cxhub.running.child import Account

_COPIES = Path("/var/cache/cxhub")
_NEEDED = ("bin", "lib", "share")


def account_for(data: Path) -> Account | None:
    """None for a plain user, who runs PostgreSQL too. For root: the owner of the data, else postgres, else nobody."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (found := data.stat()).st_uid != 0:
        return Account(found.st_uid, found.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL cannot run as root, and there is no user postgres or nobody. Add one, or set DATABASE_URL."
    )


def installation_for(account: Account | None, install: Path, version: str) -> Path:
    """The installation that the account can execute: the wheel's own, or a copy that everybody may read."""
    if account is None or _can_run(install, account):
        return install
    copy = _COPIES / f"postgresql-{version}"
    copied = copy / install.parent.name / install.name
    if not copy.exists():
        _copy(install, copy)
    if not _can_run(copied, account):
        raise EmbeddedError(
            f"user {account.uid} cannot execute PostgreSQL in {copied}. Remove that folder, or set DATABASE_URL."
        )
    return copied


def _can_run(install: Path, account: Account) -> bool:
    try:
        done = subprocess.run(
            [install / "bin" / "postgres", "--version"],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _copy(install: Path, copy: Path) -> None:
    """The copy stands whole or not at all: it is made beside and renamed."""
    fresh = copy.with_name(f"{copy.name}.{os.getpid()}")
    package = install.parent
    libraries = package.with_name(package.name + ".libs")  # the wheel's programs load them by ../../../NAME.libs
    try:
        _COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
        _COPIES.chmod(0o755)
        for needed in _NEEDED:
            target = fresh / package.name / install.name / needed
            shutil.copytree(install / needed, target, symlinks=True, ignore=shutil.ignore_patterns("*.a", "doc"))
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        _open_to_all(fresh)
        fresh.rename(copy)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        if not copy.exists():  # otherwise another start made it meanwhile
            raise EmbeddedError(
                f"cannot copy PostgreSQL to {copy}: {error}.\nMake room there, or set DATABASE_URL to another server."
            ) from error


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))
