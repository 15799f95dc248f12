"""The doctor on real servers with real faults: each is told, with what to do, and makes the command fail."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from benchmarks.scratch import PROJECT
from channels_ingest.accounts import connect
from channels_ingest.models import AccountSecret, Envelope, Reconciliation
from cxhub.doctor import database, installation, machine, processes, valkey
from cxhub.doctor.findings import Finding, State, examine
from cxhub.embedded.valkey import embedded_valkey
from cxhub.running.borrowed import running
from cxhub.running.data_folder import DataFolder
from profiles.locking import lock_id
from profiles.models import ChannelAccount


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    path = Path(tempfile.mkdtemp(prefix="cxhub-doctor-"))
    folder = DataFolder(path / "data")
    folder.make()
    yield folder
    shutil.rmtree(path)


def states(found: Iterator[Finding]) -> list[tuple[str, str]]:
    return [(finding.about, finding.state) for finding in found]


def says(found: Iterator[Finding], state: State) -> str:
    """What the findings of this state say and advise."""
    return " | ".join(f"{finding.says} -> {finding.do}" for finding in found if finding.state is state)


def doctor(**environ: str) -> tuple[int, Any]:
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        cwd=PROJECT, env={**os.environ, **environ}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


def url_of(database: str) -> str:
    parts = connection.get_connection_params()
    server = {name: parts[name] for name in ("host", "port", "user", "password") if parts.get(name)}
    return psycopg.conninfo.make_conninfo(dbname=database, **server)


def as_url(database: str) -> str:
    parts = connection.get_connection_params()
    query = "&".join(f"{n}={parts[n]}" for n in ("host", "port", "user", "password") if parts.get(n))
    return f"postgresql:///{database}?{query}"


def test_python_and_disk_of_this_machine_are_fine(folder: DataFolder) -> None:
    assert states(machine.python()) == [("python", "ok")]
    assert states(machine.disk(folder))[0][0] == "disk"


def test_folder_that_others_may_write_or_read_is_told(folder: DataFolder) -> None:
    assert states(machine.data_folder(folder)) == [("data folder", "ok")]
    (folder.path / "somebody-elses").touch()  # so that it is not closed by itself
    folder.path.chmod(0o755)
    assert "can be entered by others" in says(machine.data_folder(folder), State.WARNING)
    folder.path.chmod(0o777)
    assert "chmod go-w" in says(machine.data_folder(folder), State.BAD)
    (folder.path / "secret_key").touch(0o644)
    (folder.path / "secret_key").chmod(0o644)
    assert "others can read" in says(machine.data_folder(folder), State.BAD)


def test_valkey_that_drops_nudges_or_takes_none_is_told(folder: DataFolder) -> None:
    server = embedded_valkey(folder, durable=False)
    server.prepare()
    try:
        with running((server.child(),)):
            assert states(valkey.server(server.url)) == [("valkey", "ok")]
            client = redis.Redis.from_url(server.url)
            client.config_set("maxmemory-policy", "allkeys-lru")
            assert "nudges vanish" in says(valkey.server(server.url), State.WARNING)
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", "1mb")
            assert "of its memory is used" in says(valkey.server(server.url), State.WARNING)
            client.config_set("maxmemory", "0")
            client.replicaof("127.0.0.1", "1")
            assert "takes no writes" in says(valkey.server(server.url), State.BAD)
        assert "no answer" in says(valkey.server(server.url), State.BAD)
    finally:
        shutil.rmtree(server.socket_path.parent, ignore_errors=True)


@pytest.mark.django_db
def test_missing_and_newer_migrations_are_told() -> None:
    assert states(database.tables()) == [("tables", "ok")]
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('timeline', '9999_later', now())")
        assert "written by a newer hub: timeline.9999_later" in says(database.tables(), State.BAD)
        cursor.execute("DELETE FROM django_migrations WHERE app = 'timeline' AND name >= '0006'")
        assert "manage.py migrate" in says(database.tables(), State.BAD)


@pytest.mark.django_db
def test_settings_of_the_session_that_break_promises_are_told() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off; SET LOCAL default_transaction_isolation = 'serializable'")
    told = says(database.server(), State.BAD)
    assert "synchronous_commit is off" in told
    assert "not read committed" in told


@pytest.mark.django_db
def test_capacity_and_clock_are_measured() -> None:
    assert {about for about, _ in states(database.capacity())} == {"postgresql"}
    assert states(database.clock()) == [("clock", "ok")]


@pytest.mark.django_db
def test_clock_of_the_database_that_is_off_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cxhub.doctor.database.time.time", lambda: timezone.now().timestamp() - 45)
    assert "ahead of this machine's" in says(database.clock(), State.BAD)


@pytest.mark.django_db
def test_weak_key_and_secrets_of_another_key_are_told(settings: Any) -> None:
    line = connect("whatsapp_cloud", name="Shop", values={"app_secret": "s", "verify_token": "t"})
    settings.SECRET_KEY, first = "k" * 60, settings.SECRET_KEY
    assert "it can be guessed" in says(installation.secret_key(), State.BAD)
    settings.SECRET_KEY = "another-key-of-more-than-fifty-characters-0123456789abcdef"
    assert "Shop: app_secret cannot be decrypted" in says(installation.secret_key(), State.BAD)
    settings.SECRET_KEY_FALLBACKS = [first]
    assert says(installation.secret_key(), State.BAD) == ""
    assert "Shop: app_secret is encrypted with a fallback" in says(installation.secret_key(), State.WARNING)
    AccountSecret.objects.filter(account=line).delete()
    assert ("account secrets", "ok") in states(installation.secret_key())


def test_addresses_nobody_can_use_are_told(settings: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    settings.PUBLIC_BASE_URL, settings.LIVE_URL = "https://hub.invalid", f"http://127.0.0.1:{closed}"
    told = says(installation.addresses(), State.BAD)
    assert "is not https: browsers refuse it" in told
    assert "https://hub.invalid does not answer from here" in told
    assert f"http://127.0.0.1:{closed} does not answer from here" in told
    settings.PUBLIC_BASE_URL = f"http://localhost:{closed}"
    assert "providers cannot deliver" in says(installation.addresses(), State.WARNING)


def test_what_is_for_trying_out_is_told_where_strangers_come(settings: Any) -> None:
    settings.PUBLIC_BASE_URL, settings.DEBUG, settings.HAS_SIMULATOR_PAGE = "https://hub.example", False, False
    assert states(installation.for_trying_out()) == []
    settings.HAS_SIMULATOR_PAGE = True
    assert states(installation.for_trying_out()) == [("CXHUB_SIMULATOR", State.WARNING)]
    settings.DEBUG = True
    assert states(installation.for_trying_out()) == [("CXHUB_DEBUG", State.BAD)]
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:8000"
    assert states(installation.for_trying_out()) == []


@pytest.mark.django_db
def test_line_without_credentials_to_send_is_told() -> None:
    assert "none is connected" in says(installation.lines(), State.WARNING)
    values = {"app_secret": "s", "verify_token": "t"}
    connect("whatsapp_cloud", name="Shop", values=values)
    assert "Shop has no credentials to send with" in says(installation.lines(), State.WARNING)
    assert "access_token" in says(installation.lines(), State.WARNING)
    connect("whatsapp_cloud", name="Shop", values={"access_token": "x", "phone_number_id": "1"})
    assert states(installation.lines()) == [("lines", "ok")]


@pytest.mark.django_db
def test_list_of_messages_that_cannot_be_read_is_told(whatsapp: ChannelAccount) -> None:
    row = Reconciliation.objects.create(account=whatsapp, next_at=timezone.now(), fault="ListingError: got 401")
    assert "cannot be read (ListingError: got 401)" in says(installation.lines(), State.WARNING)
    row.fault = ""
    row.save()
    assert "cannot be read" not in says(installation.lines(), State.WARNING)


@pytest.mark.django_db
def test_backlog_and_dead_letters_are_told(whatsapp: ChannelAccount) -> None:
    assert states(installation.inbox()) == [("inbox", "ok")]
    hour_ago = timezone.now() - timedelta(hours=1)
    Envelope.objects.create(account=whatsapp, delivery_key="1", body=b"{}", received_at=hour_ago)
    Envelope.objects.create(account=whatsapp, delivery_key="2", body=b"{}", state="dead")
    Envelope.objects.create(account=whatsapp, delivery_key="3", body=b"{}", state="not_understood")
    assert "the oldest for 3600 s" in says(installation.inbox(), State.BAD)
    assert "replay --state dead" in says(installation.inbox(), State.WARNING)
    assert "replay --state not_understood" in says(installation.inbox(), State.WARNING)


@pytest.mark.django_db
def test_storage_that_takes_no_files_is_told(settings: Any, tmp_path: Path) -> None:
    assert says(installation.files(), State.OK) == "the storage takes them -> "
    (tmp_path / "a-file").touch()
    media = settings.STORAGES["media"]
    options = {**media["OPTIONS"], "location": str(tmp_path / "a-file" / "media")}
    settings.STORAGES = {**settings.STORAGES, "media": {**media, "OPTIONS": options}}
    assert says(installation.files(), State.BAD).startswith("the storage takes none (NotADirectoryError), 0 wait;")


@pytest.mark.django_db
def test_sweeper_is_known_by_its_lock() -> None:
    with psycopg.connect(url_of(connection.settings_dict["NAME"]), autocommit=True) as sweeper:
        assert "none runs on any host" in says(processes.sweeper(), State.BAD)
        sweeper.execute("SELECT pg_advisory_lock(%s)", [lock_id("process", "sweeper")])
        assert states(processes.sweeper()) == [("sweeper", "ok")]


def test_beat_is_known_by_what_it_writes(folder: DataFolder) -> None:
    assert "none has been seen" in says(processes.beat(folder), State.WARNING)
    (folder.run / "beat-schedule").touch()
    assert states(processes.beat(folder)) == [("beat", "ok")]
    os.utime(folder.run / "beat-schedule", (0, 0))
    assert states(processes.beat(folder)) == [("beat", "warning")]


def test_check_that_fails_is_a_finding() -> None:
    def failing() -> Iterator[Finding]:
        raise ValueError("a secret")

    [finding] = examine("disk", failing)
    assert (finding.about, finding.state) == ("disk", State.BAD)
    assert "a secret" not in finding.says + finding.do


def test_command_without_a_database_says_so_and_fails(folder: DataFolder) -> None:
    code, report = doctor(
        DATABASE_URL=f"postgresql://somebody:pa55word@/hub?host={folder.path}", CXHUB_DATA=str(folder.path)
    )
    last = report["findings"][-1]
    assert (code, report["is_sound"], last["about"], last["state"]) == (1, False, "postgresql", "bad")
    assert "pa55word" not in json.dumps(report)


@pytest.mark.django_db(transaction=True)
def test_command_on_a_database_of_the_wrong_encoding(folder: DataFolder) -> None:
    name = "cxhub_doctor_ascii"
    with psycopg.connect(url_of("postgres"), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name}")
        admin.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
        try:
            code, report = doctor(
                DATABASE_URL=as_url(name), REDIS_URL=django_settings.REDIS_URL, CXHUB_DATA=str(folder.path)
            )
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    wrong = [finding["says"] for finding in report["findings"] if finding["state"] == "bad"]
    assert code == 1
    assert "the database is encoded SQL_ASCII: names in other scripts cannot be stored" in wrong
    assert any("migrations are not applied" in text for text in wrong)
