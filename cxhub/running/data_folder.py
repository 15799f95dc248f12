"""The data folder: one hub at a time owns it, and everybody can find that hub by it."""

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

DEFAULT_NAME = ".cxhub"


class DataFolderError(Exception):
    """The folder cannot be used. The message names it and the next step."""


@dataclass(frozen=True, slots=True)
class RunningHub:
    """What a running hub, or a command that borrowed its servers, says about itself in `hub.json`.

    `web_url` and `live_url` are empty while a command owns the folder, and until a starting hub knows its ports.
    `secret_key_mark` tells whether a command has the hub's SECRET_KEY; empty while a command owns the folder.
    """

    pid: int
    database_url: str
    redis_url: str
    web_url: str
    live_url: str
    started_at: str
    secret_key_mark: str = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that holds the folder, and what for: `hub` or `command`."""

    pid: int
    purpose: str


#: What a hub puts into its data folder.
_OURS = frozenset({"hub.json", "lock", "media", "postgres", "run", "secret_key", "static", "valkey"})


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A folder with one owner process. Paths below it are facts here and nowhere else."""

    path: Path

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def static(self) -> Path:
        return self.path / "static"

    @property
    def media(self) -> Path:
        return self.path / "media"

    @property
    def run(self) -> Path:
        return self.path / "run"

    def make(self) -> None:
        """The folder exists, for this user alone."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._close_to_others()
            self.run.mkdir(mode=0o700, exist_ok=True)
            probe = self.run / f"write-probe.{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise DataFolderError(
                f"the data folder {self.path} cannot be written: {error.strerror}.\n"
                "Make it writable for this user, or choose another one with --data DIR or CXHUB_DATA."
            ) from error

    def _close_to_others(self) -> None:
        """A folder that holds nothing but the hub is for this user alone, also when somebody else made it."""
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if not mode & 0o077:
            return
        # /tmp, a home folder or one with a log in it stays as it is: others may live in there, and each of our own
        # files and folders in it is closed to them by itself.
        if {entry.name for entry in self.path.iterdir()} <= _OURS:
            self.path.chmod(mode & 0o700)

    def own(self, purpose: str) -> "Ownership | None":
        """The ownership of the folder, or None when another process has it. The purpose is `hub` or `command`."""
        self.make()
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        return Ownership(self, handle, purpose)

    def running(self) -> RunningHub | None:
        """What owns the folder now, if its servers are up. The state file of a killed owner is not believed."""
        if not self._is_owned():
            return None
        try:
            hub = RunningHub(**json.loads((self.path / "hub.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None  # the owner has not written it yet
        owner = self.owner()
        return hub if owner and hub.pid == owner.pid else None

    def owner(self) -> "Owner | None":
        """The process that owns the folder, also while it is starting."""
        with contextlib.suppress(OSError, ValueError):
            if self._is_owned():
                pid, purpose = (self.path / "lock").read_text(encoding="ascii").split()
                return Owner(int(pid), purpose)
        return None

    def secret_key(self) -> str:
        """The hub's own SECRET_KEY: made once, readable by its user alone, the same ever after."""
        path = self.path / "secret_key"
        with contextlib.suppress(FileNotFoundError):
            return path.read_text(encoding="ascii").strip()
        self.make()
        fresh = self.run / f"secret_key.{os.getpid()}"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_urlsafe(50) + "\n")
            stream.flush()
            os.fsync(handle)
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)  # never overwrites the key that another process made meanwhile
        fresh.unlink()
        return path.read_text(encoding="ascii").strip()

    def _is_owned(self) -> bool:
        try:
            handle = os.open(self.path / "lock", os.O_RDONLY)
        except OSError:
            return False
        try:
            # Shared, so that two probes do not take each other for an owner.
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False


class Ownership:
    """While this is held no other process runs servers on the folder. The kernel releases it with the process."""

    def __init__(self, folder: DataFolder, handle: int, purpose: str) -> None:
        self.folder = folder
        self._handle = handle
        self._state = folder.path / "hub.json"
        self._state.unlink(missing_ok=True)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()} {purpose}\n".encode(), 0)

    def publish(self, hub: RunningHub) -> None:
        """Commands that look at the folder find this hub."""
        fresh = self._state.with_suffix(".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(asdict(hub), stream, indent=2)
        fresh.replace(self._state)

    def release(self) -> None:
        """The folder is free for the next owner."""
        self._state.unlink(missing_ok=True)
        os.close(self._handle)


def mark_of(secret_key: str) -> str:
    """The same for the same key; nothing of the key can be had from it."""
    return hmac.new(secret_key.encode(), b"cxhub.running.data_folder", hashlib.sha256).hexdigest()[:16]


def chosen(environ: Mapping[str, str], project: Path) -> DataFolder:
    """The folder that CXHUB_DATA names, else `.cxhub` in the project."""
    named = environ.get("CXHUB_DATA", "").strip()
    return DataFolder(Path(named).expanduser().absolute() if named else project / DEFAULT_NAME)
