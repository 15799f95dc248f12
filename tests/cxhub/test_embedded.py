"""The embedded servers, as the user of this run and, when that is root, as a plain user too."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from cxhub.embedded.errors import EmbeddedError
from cxhub.embedded.postgres import EmbeddedPostgres, embedded_postgres
from cxhub.embedded.valkey import embedded_valkey
from cxhub.running import servers
from cxhub.running.borrowed import running
from cxhub.running.child import spawn
from cxhub.running.data_folder import DataFolder
from tests.cxhub.hub_rig import PROJECT, holds_within, outside_environ


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    """A data folder that only its user may enter."""
    path = Path(tempfile.mkdtemp(prefix="cxhub-embedded-"))
    folder = DataFolder(path / "data")
    folder.make()
    yield folder
    shutil.rmtree(path)


@pytest.fixture
def postgres(folder: DataFolder) -> Iterator[EmbeddedPostgres]:
    postgres = embedded_postgres(folder, durable=False)
    assert postgres.prepare()
    yield postgres
    shutil.rmtree(postgres.socket_folder, ignore_errors=True)


def _answer(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
        return row[0] if row else None


def test_postgres_listens_on_a_private_socket_only(postgres: EmbeddedPostgres) -> None:
    with running((postgres.child(),)):
        assert _answer(postgres.url, "SHOW listen_addresses") == ""
        assert _answer(postgres.url, "SHOW server_encoding") == "UTF8"
        assert _answer(postgres.url, "SELECT lower('ÅSA') || version()").startswith("åsaPostgreSQL 18")  # type: ignore[union-attr]
        assert postgres.socket_folder.stat().st_mode & 0o777 == 0o700
        with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
            psycopg.connect(postgres.url.replace("cxhub@", "somebody@"))


def test_parent_folders_stay_closed(postgres: EmbeddedPostgres) -> None:
    with running((postgres.child(),)):
        closed = [postgres.cluster.parent, postgres.cluster.parent.parent]
        assert [path.stat().st_mode & 0o777 for path in closed] == [0o700, 0o700]
        assert postgres.cluster.stat().st_uid == (postgres.account.uid if postgres.account else os.geteuid())


def test_postgres_starts_again_after_a_kill_with_its_rows(folder: DataFolder) -> None:
    postgres = embedded_postgres(folder)  # durable: the point is what survives
    postgres.prepare()
    child, quiet = postgres.child(), os.open(os.devnull, os.O_WRONLY)
    first = spawn(child, quiet)
    assert holds_within(20, lambda: child.ready(first.pid))
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        first.kill()
        first.wait()
    # The left-over file now names a living process of the right user, as it does after a container was restarted.
    lockfile = postgres.cluster / "postmaster.pid"
    stranger = subprocess.Popen(["sleep", "60"], user=postgres.account.uid if postgres.account else None)
    lockfile.write_text(f"{stranger.pid}\n" + lockfile.read_text().partition("\n")[2])
    try:
        assert not postgres.prepare()
        with running((child,)):
            assert _answer(postgres.url, "SELECT answer FROM kept") == 42
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
        os.close(quiet)
        shutil.rmtree(postgres.socket_folder)


def test_second_server_waits_for_one_that_is_ending(postgres: EmbeddedPostgres) -> None:
    child, quiet = postgres.child(), os.open(os.devnull, os.O_WRONLY)
    first = spawn(child, quiet)
    assert holds_within(20, lambda: child.ready(first.pid))
    first.send_signal(signal.SIGTERM)  # smart shutdown: it would wait for clients
    child.prepare()
    first.wait()
    with running((child,)):
        assert _answer(postgres.url, "SELECT 1") == 1
    os.close(quiet)


def test_interrupted_initdb_is_done_again(folder: DataFolder) -> None:
    (folder.path / "postgres.new").mkdir()
    (folder.path / "postgres.new" / "half").touch()
    postgres = embedded_postgres(folder, durable=False)
    assert postgres.prepare()
    assert (folder.postgres / "PG_VERSION").read_text() == "18\n"
    shutil.rmtree(postgres.socket_folder)


def test_cluster_of_another_major_is_refused_with_the_way_out(folder: DataFolder) -> None:
    folder.postgres.mkdir()
    (folder.postgres / "PG_VERSION").write_text("17\n")
    (folder.postgres / "postgresql.conf").touch()
    postgres = embedded_postgres(folder)
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 17, this hub brings PostgreSQL 18") as raised:
        postgres.prepare()
    assert "pg_dump" in str(raised.value)
    shutil.rmtree(postgres.socket_folder)


@pytest.mark.parametrize(
    ("version", "conf", "told"),
    [
        (b"\xff\x00garbage", True, "a PG_VERSION that is not a version"),
        (b"", True, "a PG_VERSION that is not a version"),
        (b"18\n", False, "no postgresql.conf"),
    ],
)
def test_damaged_cluster_is_told_in_one_line(folder: DataFolder, version: bytes, conf: bool, told: str) -> None:
    folder.postgres.mkdir()
    (folder.postgres / "PG_VERSION").write_bytes(version)
    if conf:
        (folder.postgres / "postgresql.conf").touch()
    postgres = embedded_postgres(folder)
    with pytest.raises(EmbeddedError, match=f"is damaged, it has {told}") as raised:
        servers.prepare(folder, {})
    assert not postgres.socket_folder.exists()
    assert "\n" not in str(raised.value)
    assert "garbage" not in str(raised.value)


def test_file_in_place_of_the_cluster_is_told(folder: DataFolder) -> None:
    folder.postgres.touch()
    postgres = embedded_postgres(folder)
    with pytest.raises(EmbeddedError, match="cannot be read: Not a directory"):
        postgres.prepare()
    shutil.rmtree(postgres.socket_folder)


def test_folder_with_something_else_is_left_alone(folder: DataFolder) -> None:
    folder.postgres.mkdir()
    (folder.postgres / "photo.jpg").touch()
    postgres = embedded_postgres(folder)
    with pytest.raises(EmbeddedError, match="not a PostgreSQL cluster"):
        postgres.prepare()
    assert (folder.postgres / "photo.jpg").exists()
    shutil.rmtree(postgres.socket_folder)


def test_socket_folder_of_somebody_else_is_refused(postgres: EmbeddedPostgres, folder: DataFolder) -> None:
    postgres.socket_folder.chmod(0o777)
    with pytest.raises(EmbeddedError, match="belongs to somebody else or is open to others"):
        embedded_postgres(folder)


def test_valkey_keeps_its_data_and_evicts_nothing(folder: DataFolder) -> None:
    valkey = embedded_valkey(folder)
    valkey.prepare()
    with running((valkey.child(),)), redis.Redis.from_url(valkey.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("port") == {"port": "0"}
        client.set("kept", "yes")
    with running((valkey.child(),)), redis.Redis.from_url(valkey.url) as client:
        assert client.get("kept") == b"yes"
    shutil.rmtree(valkey.socket_path.parent)


_AS_PLAIN_USER = """
import json, os, sys
from pathlib import Path
sys.path[:0] = {path!r}
from cxhub.running.borrowed import running
from cxhub.running.data_folder import DataFolder
from cxhub.running import servers
folder = DataFolder(Path({data!r}))
folder.make()
wanted = servers.prepare(folder, {{}}, durable=False)
with running(wanted.children):
    import psycopg
    with psycopg.connect(wanted.database_url) as connection:
        row = connection.execute("SELECT current_setting('server_version_num')::int / 10000").fetchone()
    print(json.dumps({{"uid": os.getuid(), "major": row[0]}}))
wanted.remove_sockets()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="this run is a plain user already")
def test_plain_user_needs_no_other_account() -> None:
    packages = [str(PROJECT), *[path for path in sys.path if path.endswith("site-packages")]]
    python = _python_for_everybody(packages)
    data = Path(tempfile.mkdtemp(prefix="cxhub-plain-"))
    os.chown(data, 65534, 65534)
    script = _AS_PLAIN_USER.format(path=packages, data=str(data / "data"))
    try:
        done = subprocess.run(
            [python, "-c", script],
            env=outside_environ(HOME=str(data)), cwd="/", user=65534, group=65534, extra_groups=[],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    finally:
        shutil.rmtree(data)
    assert done.stdout, done.stderr
    assert json.loads(done.stdout) == {"uid": 65534, "major": 18}


def _python_for_everybody(packages: list[str]) -> str:
    """This Python, or the system's if it is the same version, where a plain user can run it with these packages."""
    same = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    trial = f"import sys; sys.path[:0] = {packages!r}; import cxhub.running.servers, psycopg"
    for python in (os.path.realpath(sys.executable), f"/usr/bin/{same}", f"/usr/local/bin/{same}"):
        command = [python, "-c", trial]
        try:
            subprocess.run(
                command, user=65534, group=65534, extra_groups=[], cwd="/", check=True, stderr=subprocess.DEVNULL
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    pytest.skip("a plain user may not enter the folder of this project, or of its Python")
