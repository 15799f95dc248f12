"""The servers a hub or a command needs: outside ones where the URLs are set, embedded ones where not."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cxhub import env
from cxhub.embedded.postgres import embedded_postgres
from cxhub.embedded.valkey import embedded_valkey
from cxhub.running.child import Child
from cxhub.running.data_folder import DataFolder
from cxhub.running.supervisor import StartError

OLDEST_POSTGRES = 15
_LINES_TOLD = 6  # enough for the tries of a host with two addresses


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the two servers are, which of them are ours to run, and whether the database was made just now."""

    database_url: str
    redis_url: str
    children: tuple[Child, ...]
    socket_folders: tuple[Path, ...]
    fresh: bool

    def remove_sockets(self) -> None:
        """Nothing of the ended servers is left outside the data folder."""
        _remove(self.socket_folders)


def prepare(folder: DataFolder, environ: Mapping[str, str], *, durable: bool = True) -> Servers:
    """The embedded servers that are needed have their data folders; outside ones are named rightly and new enough."""
    socket_folders: list[Path] = []
    try:
        return _prepare(folder, environ, socket_folders, durable=durable)
    except BaseException:
        _remove(socket_folders)
        raise


def _prepare(folder: DataFolder, environ: Mapping[str, str], socket_folders: list[Path], *, durable: bool) -> Servers:
    children: list[Child] = []
    fresh = False
    database_url = environ.get("DATABASE_URL", "").strip()
    if database_url:
        env.parse_database(database_url)
        check_outside_postgres(database_url)
    else:
        postgres = embedded_postgres(folder, durable=durable)
        socket_folders.append(postgres.socket_folder)
        fresh = postgres.prepare()
        database_url = postgres.url
        children.append(postgres.child())
    redis_url = environ.get("REDIS_URL", "").strip()
    if redis_url:
        redis_url = env.parse_redis(redis_url)
    else:
        valkey = embedded_valkey(folder, durable=durable)
        socket_folders.append(valkey.socket_path.parent)
        valkey.prepare()
        redis_url = valkey.url
        children.append(valkey.child())
    return Servers(database_url, redis_url, tuple(children), tuple(socket_folders), fresh)


def _remove(folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def check_outside_postgres(url: str) -> None:
    """The server that DATABASE_URL names answers, is new enough, and keeps its sessions."""
    import psycopg.conninfo  # here only: a hub with embedded servers keeps its supervisor small

    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        # libpq quotes what it cannot read, which may be the password.
        raise StartError("DATABASE_URL: libpq, the PostgreSQL client, cannot read it. Correct DATABASE_URL.") from None
    try:
        with (
            psycopg.connect(url, connect_timeout=10, autocommit=True) as connection,
            psycopg.connect(url, connect_timeout=10) as other,
        ):
            version = connection.info.server_version
            session = connection.execute("SELECT pg_backend_pid()").fetchone()
            other.execute("SELECT 1")  # its transaction holds the session, if the next one may have it
            is_shared = connection.execute("SELECT pg_backend_pid()").fetchone() != session
    except psycopg.Error as error:
        raise StartError(
            f"DATABASE_URL: no connection: {_reason(error)}\nStart that server or correct DATABASE_URL."
        ) from None
    if is_shared:
        raise StartError(
            "DATABASE_URL: a pooler gives each transaction another session, as PgBouncer does in transaction mode.\n"
            "The hub prepares statements and holds locks in its sessions: set pool_mode = session for its user,\n"
            "or name PostgreSQL itself."
        )
    if version < OLDEST_POSTGRES * 10000:
        raise StartError(
            f"DATABASE_URL: PostgreSQL {OLDEST_POSTGRES} or newer is needed, that server is {version // 10000}.\n"
            "Name another one, or unset DATABASE_URL to use the embedded one."
        )


def _reason(error: Exception) -> str:
    """What libpq says of an URL that it could read: "Connection refused", then its advice. It quotes no password."""
    said = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "\n".join(said[:_LINES_TOLD]) or type(error).__name__
