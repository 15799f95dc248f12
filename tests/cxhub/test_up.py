"""The whole hub, as a user starts, disturbs and stops it."""

import contextlib
import http.client
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil
import psycopg
import pytest

from cxhub.env import parse_database
from cxhub.live import ticket_for
from cxhub.running.borrowed import borrowed_servers
from cxhub.running.data_folder import DataFolder, RunningHub
from cxhub.running.up import _static_fingerprint
from tests.cxhub.hub_rig import Started, all_gone, holds_within, manage, started_hub


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """One data folder for all of them: a second start is the rule, a first one the exception."""
    path = Path(tempfile.mkdtemp(prefix="cxhub-up-"))
    yield path / "data"
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def _hubs(data: Path) -> Iterator[list[Started]]:
    """The hub that runs now, if any; none after the last test."""
    hubs: list[Started] = []
    yield hubs
    for hub in hubs:
        hub.stop()


@pytest.fixture
def hub(data: Path, _hubs: list[Started]) -> Started:
    """A hub that said it is ready, shared by the tests that leave it running."""
    if not _hubs or _hubs[0].process.poll() is not None:
        for ended in _hubs:
            ended.stop()
        _hubs[:] = [started_hub(data)]
        _hubs[0].line_with("ready http://127.0.0.1:", within_seconds=60)
    return _hubs[0]


def _state(data: Path) -> RunningHub:
    state = DataFolder(data).running()
    assert state is not None
    return state


def _status(url: str) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _member(hub: Started, name: str) -> psutil.Process:
    """The process below the hub whose command line holds the name."""
    for process in psutil.Process(hub.process.pid).children():
        with contextlib.suppress(psutil.Error):  # just gone, or a zombie nobody has waited for yet
            if name in " ".join(process.cmdline()):
                return process
    raise AssertionError(f"no {name} below the hub")


def test_command_before_the_first_start_borrows_servers_and_answers_cleanly(data: Path) -> None:
    done = manage("create_token", "first@example.org", data=data)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert DataFolder(data).owner() is None
    assert not [process for process in psutil.process_iter(["cmdline"]) if str(data) in str(process.info["cmdline"])]


def test_second_hub_on_the_folder_is_refused_and_commands_find_the_first(hub: Started, data: Path) -> None:
    second = manage("up", "--port", "0", data=data)
    assert second.returncode == 1
    assert f"already runs on {data} at {_state(data).web_url} (pid {hub.process.pid})" in second.stderr
    found = manage("create_token", "second@example.org", data=data)
    assert found.returncode == 0, found.stderr
    with psycopg.connect(_state(data).database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM profiles_staffmember WHERE email = 'second@example.org'"
        ).fetchone()
    assert row == (1,)


def test_command_with_another_key_than_the_hub_is_refused(hub: Started, data: Path) -> None:
    kept, given = DataFolder(data).secret_key(), "another-key-" * 4
    refused = manage("create_user", "third@example.org", data=data, SECRET_KEY=given)
    named = manage(
        "create_user", "third@example.org", data=data, SECRET_KEY=given, DATABASE_URL=_state(data).database_url
    )
    for done in (refused, named):
        assert done.returncode == 1
        assert f"SECRET_KEY: expected that of the hub that runs on {data}" in done.stderr
        assert given not in done.stderr
    assert kept not in (data / "hub.json").read_text()
    assert manage("create_user", "third@example.org", data=data, SECRET_KEY=kept).returncode == 0
    assert manage("check", data=data, SECRET_KEY=given).returncode == 0


def test_taken_port_is_named(hub: Started, data: Path) -> None:
    port = urlsplit(_state(data).web_url).port
    other = manage("up", "--port", str(port), data=data.parent / "other")
    assert other.returncode == 1
    assert f"port {port} is taken" in other.stderr
    assert "--port" in other.stderr


@pytest.mark.parametrize("name", ["bin/postgres", "valkey-server", "granian", "cxhub.live", "sweep"])
def test_killed_process_comes_back(hub: Started, data: Path, name: str) -> None:
    killed = _member(hub, name)
    below = killed.children(recursive=True)
    killed.kill()
    assert all_gone([killed, *below], within_seconds=5)

    def is_back() -> bool:
        try:
            return _member(hub, name).pid != killed.pid and _status(_state(data).web_url + "/readyz") == 200
        except AssertionError:
            return False

    assert holds_within(20, is_back), "\n".join(hub.seen)
    assert hub.process.poll() is None


def test_stop_with_a_stream_open_is_quick_and_leaves_nothing(hub: Started, data: Path) -> None:
    state, family = _state(data), hub.family()
    with psycopg.connect(state.database_url) as connection:
        row = connection.execute("SELECT id, access_revision FROM profiles_staffmember LIMIT 1").fetchone()
    assert row is not None
    ticket = ticket_for(DataFolder(data).secret_key(), row[0], row[1], "stream-at-stop")
    with socket.create_connection(("127.0.0.1", urlsplit(state.live_url).port or 0), timeout=20) as stream:
        stream.sendall(f"GET /events?ticket={quote(ticket)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert b"200 OK" in stream.recv(4096)
        started = time.monotonic()
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(timeout=15) == 0
        assert time.monotonic() - started < 10
    assert all_gone(family, within_seconds=1)
    assert DataFolder(data).running() is None
    assert not Path(str(urlsplit(state.redis_url).path)).parent.exists()


def test_nothing_runs_after_the_hub_was_killed_and_the_next_start_works(hub: Started, data: Path) -> None:
    family = hub.family()
    assert len(family) >= 8
    hub.process.kill()
    hub.process.wait()
    assert all_gone(family, within_seconds=5), [process for process in family if process.is_running()]
    assert DataFolder(data).running() is None
    with started_hub(data, PUBLIC_BASE_URL="https://hub.example.com") as again:
        again.line_with("CXHUB_LIVE_URL is not set: browsers on other machines", within_seconds=60)
        again.line_with("ready ", within_seconds=60)
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(timeout=15) == 0


def test_failed_command_leaves_no_socket_folder(data: Path) -> None:
    sockets: list[Path] = []

    def fail() -> None:
        environ: dict[str, str] = {}
        with borrowed_servers(DataFolder(data), environ):
            sockets.append(Path(parse_database(environ["DATABASE_URL"]).host))
            sockets.append(Path(urlsplit(environ["REDIS_URL"]).path))
            assert all(path.exists() for path in sockets)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not sockets[0].exists()
    assert not sockets[1].parent.exists()


def test_collected_static_files_are_not_their_own_source(tmp_path: Path) -> None:
    def fingerprint() -> str:
        return _static_fingerprint(tmp_path, collected=tmp_path / "data" / "static")

    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "runtime.txt").touch()
    (tmp_path / "templates" / "static").mkdir(parents=True)
    before = fingerprint()
    for collected in (".cxhub", "data", ".cxhub/other"):
        (tmp_path / collected / "static").mkdir(parents=True)
        (tmp_path / collected / "static" / "page.css").touch()
    assert fingerprint() == before
    (tmp_path / "templates" / "static" / "page.css").touch()
    assert fingerprint() != before


def test_data_folder_made_by_somebody_else_is_closed_to_others(tmp_path: Path) -> None:
    empty, used, foreign = (tmp_path / name for name in ("empty", "used", "foreign"))
    for folder in (empty, used, foreign):
        folder.mkdir()
    (used / "lock").touch()
    (foreign / "photo.jpg").touch()
    for folder in (empty, used, foreign):
        folder.chmod(0o755)
    for folder in (empty, used):
        DataFolder(folder).make()
        assert folder.stat().st_mode & 0o777 == 0o700
    DataFolder(foreign).make()
    (foreign / "lock").touch()
    DataFolder(foreign).make()
    assert foreign.stat().st_mode & 0o777 == 0o755


def test_unwritable_folder_is_named_with_the_way_out() -> None:
    done = manage("up", "--port", "0", data=Path("/proc/nowhere"))
    assert done.returncode == 1
    assert "the data folder /proc/nowhere cannot be written" in done.stderr
    assert "--data DIR" in done.stderr


def test_unreachable_database_is_told_without_its_password(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"postgresql://ann:hunter2@127.0.0.1:{closed.getsockname()[1]}/hub"
    done = manage("up", "--port", "0", data=tmp_path, DATABASE_URL=url)
    assert done.returncode == 1
    assert "DATABASE_URL: no connection" in done.stderr
    assert "Connection refused" in done.stderr
    assert "hunter2" not in done.stderr


def test_url_that_only_libpq_cannot_read_is_not_quoted(tmp_path: Path) -> None:
    done = manage("up", "--port", "0", data=tmp_path, DATABASE_URL="postgresql://db/hub?password=x&hunter2=y")
    assert done.returncode == 1
    assert "DATABASE_URL: libpq, the PostgreSQL client, cannot read it" in done.stderr
    assert "hunter2" not in done.stderr


def test_commands_that_only_read_the_code_start_no_server(tmp_path: Path) -> None:
    done = manage("check", data=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "postgres").exists()
