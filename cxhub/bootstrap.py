"""The command runs with its locked requirements, wherever it was started.

`python3 manage.py COMMAND` needs nothing but Python. If the running interpreter has every pin of the lock, the command
starts at once. Otherwise `.venv` beside manage.py is made or repaired and the command starts again in there.

Only the standard library may be imported here: this runs before anything is installed.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

PROJECT = Path(__file__).resolve().parent.parent
STAMP = "cxhub-requirements.json"
_UNFINISHED = "unfinished"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*(;)?", re.MULTILINE)
_UNREACHABLE = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ConnectionError|Max retries|ProxyError"
    r"|No matching distribution|Network is unreachable|Name or service not known|Connection (?:refused|reset|broken)",
)


class BootstrapError(Exception):
    """The requirements cannot be had. The message says why and what to do, in one or two lines."""


@dataclass(frozen=True, slots=True)
class Lock:
    """One hash-locked requirements file."""

    path: Path

    @property
    def fingerprint(self) -> str:
        """Changes when, and only when, the lock does."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def is_met_by(self, folders: Sequence[str]) -> bool:
        """Every pin is installed in these folders of packages, in exactly that version.

        Folder names are read instead of asking importlib.metadata: 1 ms instead of 60. A pin with a marker may
        be absent, because it may be meant for another system.
        """
        installed = _installed(folders)
        for name, version, marker in _PIN.findall(self.path.read_text(encoding="utf-8")):
            found = installed.get(_canonical(name))
            if found != version and not (found is None and marker):
                return False
        return True


def run(argv: Sequence[str]) -> int:
    """Run one command line and give its exit status; may replace this process by one in `.venv`."""
    development = argv[1:2] == ["test"]
    lock = Lock(PROJECT / "requirements" / ("development.txt" if development else "runtime.txt"))
    try:
        ensure(lock, PROJECT / ".venv", argv)
    except BootstrapError as error:
        print(f"manage.py: {error}", file=sys.stderr)
        return 1
    if str(PROJECT) not in sys.path:
        sys.path.insert(0, str(PROJECT))
    from cxhub.running import commandline

    return commandline.run(argv)


def ensure(lock: Lock, venv: Path, argv: Sequence[str]) -> None:
    """Return in an interpreter that has the lock's packages; otherwise start again in one that has."""
    inside = Path(sys.prefix) == venv
    if inside and stamp_matches(venv, lock):
        return
    if not inside and lock.is_met_by(sys.path):
        return
    finished = stamp_matches if inside else _usable
    if not finished(venv, lock):
        with _one_at_a_time(venv.parent):
            if not finished(venv, lock):  # another command may just have finished it
                install(lock, venv)
    _start_again(venv, argv)


def stamp_matches(venv: Path, lock: Lock) -> bool:
    """The install of this lock into this environment, by this Python version, was finished."""
    stamp = _read_stamp(venv)
    return _has(stamp, lock) and stamp.get("python") == _python_version()


def install(lock: Lock, venv: Path) -> None:
    """The environment holds the lock's packages, and its stamp says so. Repairs what a killed install left."""
    stamp = _read_stamp(venv)
    # A killed pip may leave a package that claims to be installed and is not whole: then nothing there is trusted.
    if stamp.get("python") != _python_version() or _UNFINISHED in stamp or not (venv / "bin" / "python").exists():
        _make_venv(venv)
    _say(f"installing {lock.path.relative_to(lock.path.parent.parent)} into {venv} (once, until that file changes)")
    stamp = _read_stamp(venv)
    _write_stamp(venv, stamp | {_UNFINISHED: lock.path.name})
    _pip_install(lock, venv)
    _write_stamp(venv, stamp | {lock.path.name: lock.fingerprint})
    _say("installed")


def _make_venv(venv: Path) -> None:
    version = _python_version()
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise BootstrapError(
                f"this Python has no {module} module, which makes the environment for the packages.\n"
                f"On Debian and Ubuntu: apt install python3-venv (or python{version}-venv); then run this again."
            )
    _say(f"making {venv} with Python {version}")
    # sys._base_executable: inside a venv that is being remade, its own python is about to vanish.
    base = getattr(sys, "_base_executable", sys.executable)
    done = subprocess.run([base, "-m", "venv", "--clear", str(venv)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BootstrapError(
            f"cannot make {venv}: {_last_line(done.stderr or done.stdout)}\n"
            "The folder must be writable, and on Debian and Ubuntu the package python3-venv is needed."
        )
    _write_stamp(venv, {"python": version})


def _pip_install(lock: Lock, venv: Path) -> None:
    command = [
        str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
        "--retries", "2", "--timeout", "20", "--require-hashes", "--only-binary", ":all:",
        "--requirement", str(lock.path),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    reason = _last_line(done.stderr or done.stdout)
    if _UNREACHABLE.search(done.stderr):
        raise BootstrapError(
            f"the package index cannot be reached, or lacks a package: {reason}\n"
            "Check the network (HTTPS_PROXY, or PIP_INDEX_URL for a mirror) and run the same command again."
        )
    raise BootstrapError(f"pip could not install {lock.path}: {reason}\nRemove {venv} and run the same command again.")


def _start_again(venv: Path, argv: Sequence[str]) -> NoReturn:
    python = str(venv / "bin" / "python")
    sys.stderr.flush()
    os.execv(python, [python, str(PROJECT / "manage.py"), *argv[1:]])  # noqa: S606 - the same program, other packages


def _usable(venv: Path, lock: Lock) -> bool:
    """Worth starting in, whichever Python made it. If that one was replaced since, the start inside sees it."""
    return (venv / "bin" / "python").exists() and _has(_read_stamp(venv), lock)


def _has(stamp: dict[str, str], lock: Lock) -> bool:
    return stamp.get(lock.path.name) == lock.fingerprint and _UNFINISHED not in stamp


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """No other command makes or repairs the environment meanwhile.

    The project folder itself is locked: the environment may be cleared, and a lock file would be one more stray file.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another command is installing the packages; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _read_stamp(venv: Path) -> dict[str, str]:
    try:
        stamp = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(venv: Path, stamp: dict[str, str]) -> None:
    fresh = venv / (STAMP + ".new")
    try:
        fresh.write_text(json.dumps(stamp), encoding="utf-8")
        fresh.replace(venv / STAMP)
    except OSError as error:
        raise BootstrapError(
            f"cannot write {fresh}: {error.strerror}.\nMake the folder writable for this user, or remove {venv}."
        ) from error


def _installed(folders: Sequence[str]) -> dict[str, str]:
    """Canonical name -> version, the first folder winning as it does for imports."""
    found: dict[str, str] = {}
    for folder in folders:
        with contextlib.suppress(OSError):
            for entry in os.listdir(folder or "."):
                if entry.endswith(".dist-info"):
                    name, _, version = entry.removesuffix(".dist-info").partition("-")
                    found.setdefault(_canonical(name), version)
    return found


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _python_version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _last_line(text: str) -> str:
    errors = [line.strip() for line in text.splitlines() if line.startswith("ERROR")]
    lines = errors or [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def _say(line: str) -> None:
    print(f"manage.py: {line}", file=sys.stderr, flush=True)
