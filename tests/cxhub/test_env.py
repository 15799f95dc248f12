import importlib.util
from pathlib import Path

import pytest

from cxhub import env
from cxhub.env import SettingError, broker_url, load, parse_database, parse_redis


@pytest.mark.parametrize(
    ("url", "name", "user", "password", "host", "port", "options"),
    [
        ("postgresql://ann:s%40crt@db.example:5433/hub", "hub", "ann", "s@crt", "db.example", "5433", {}),
        ("postgres://ann@db/hub?sslmode=require", "hub", "ann", "", "db", "", {"sslmode": "require"}),
        ("postgresql://hub@/hub?host=%2Frun%2Fpg", "hub", "hub", "", "/run/pg", "", {}),
        ("postgresql://hub@/hub?host=/run/pg&port=5499", "hub", "hub", "", "/run/pg", "5499", {}),
        ("postgresql://%2Frun%2Fpg/hub", "hub", "", "", "/run/pg", "", {}),
        ("postgresql://[::1]:5432/h%20b", "h b", "", "", "::1", "5432", {}),
    ],
)
def test_database_url_is_read_as_libpq_reads_it(
    url: str, name: str, user: str, password: str, host: str, port: str, options: dict[str, str]
) -> None:
    database = parse_database(url)
    assert (database.name, database.user, database.password) == (name, user, password)
    assert (database.host, database.port, database.options) == (host, port, options)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("DATABASE_URL", "mysql://ann:hunter2@db/hub", "the scheme 'mysql'"),
        ("DATABASE_URL", "hub:hunter2", "not an URL"),
        ("DATABASE_URL", "postgresql://ann:hunter2@db", "without the name of a database"),
        ("DATABASE_URL", "postgresql://ann:hunter2@db:port/hub", "a port that is not a number"),
        ("DATABASE_URL", "postgresql://ann:hunter2%krit@db/hub", "a % without its two hexadecimal digits"),
        ("DATABASE_URL", "postgresql://ann:hunter2%00@db/hub", "a % without its two hexadecimal digits"),
        ("DATABASE_URL", "postgresql://ann:hunter2 @db/hub", "with a space in it"),
        ("DATABASE_URL", "postgresql://ann:hunter2\n@db/hub", "with a space in it"),
        ("DATABASE_URL", "postgresql://ann:a@hunter2@db/hub", "an @ or # inside a part"),
        ("DATABASE_URL", "postgresql://ann:12/hunter2@db/hub", "an @ or # inside a part"),
        ("DATABASE_URL", "postgresql://ann:12?hunter2@db/hub", "an @ or # inside a part"),
        ("DATABASE_URL", "postgresql://ann:12#hunter2@db/hub", "an @ or # inside a part"),
        ("DATABASE_URL", "postgresql://db/hub?password=x&hunter2", "not NAME=VALUE"),
        ("DATABASE_URL", "postgresql://ann:hunter2@[::1/hub", "a host that is none"),
        ("REDIS_URL", "http://:hunter2@cache", "the scheme 'http'"),
        ("REDIS_URL", "redis://:hunter2@[::1", "a host that is none"),
        ("REDIS_URL", "redis://:hunter2@cache:abc/0", "a port that is not a number"),
        ("REDIS_URL", "redis://:hunter2@cache:6379/zz", "a database that is not a number"),
        ("REDIS_URL", "redis://:hunter2@cache:6379/0/1", "a database that is not a number"),
        ("REDIS_URL", "unix:///run/v.sock?db=zz", "a database that is not a number"),
        ("REDIS_URL", "redis+socket:///run/v.sock?virtual_host=zz", "a database that is not a number"),
        ("REDIS_URL", "redis://ann:12#hunter2@cache/0", "a # inside a part"),
        ("REDIS_URL", "redis://", "without a server"),
        ("REDIS_URL", "unix://relative", "without a server"),
        ("SECRET_KEY", "  ", "an empty one"),
        ("SECRET_KEY", "hunter2", "got one of 7."),
        ("SECRET_KEY", "hunter2" * 2 + "   ", "got one of 14."),
        ("CXHUB_MEDIA_URL", "http://127.0.0.1:8000", "another host than that of PUBLIC_BASE_URL"),
        ("CXHUB_MEDIA_URL", "https://files.example.com/x", "a path it cannot have"),
        ("CXHUB_MEDIA_STORAGE", "media", "something that is neither"),
        ("CXHUB_MEDIA_STORAGE", "s3://", "without a bucket's name"),
        ("CXHUB_MEDIA_STORAGE", "s3://Key:Secret@bucket/x", "credentials in the URL"),
        ("CXHUB_MEDIA_STORAGE", "s3://bucket?colour=red", "the option 'colour'"),
        ("CXHUB_MEDIA_STORAGE", "s3://bucket?endpoint=http://minio.example.com", "an endpoint that is not https"),
        ("PUBLIC_BASE_URL", "hub.example.com", "'hub.example.com'"),
        ("PUBLIC_BASE_URL", "https://ann:hunter2@hub.example.com", "credentials"),
        ("PUBLIC_BASE_URL", "ftp://ann:hunter2@hub.example.com", "credentials"),
        ("PUBLIC_BASE_URL", "ann:hunter2@hub.example.com", "credentials"),
        ("PUBLIC_BASE_URL", "https://[::1", "a host that is none"),
        ("PUBLIC_BASE_URL", "https://hub.example.com:port", "a port that is not a number"),
        ("PUBLIC_BASE_URL", "https://bücher.example", "'https://bücher.example'"),
        ("CXHUB_LIVE_URL", "https://hub.example.com/live", "a path it cannot have"),
        ("CXHUB_LIVE_URL", "http://x;script-src", "'http://x;script-src'"),
        ("CXHUB_LIVE_URL", "https://*.example.com", "'https://*.example.com'"),
        ("CXHUB_DEBUG", "maybe", "'maybe'"),
        ("CXHUB_ASSIGN_ON_TYPING", "maybe", "'maybe'"),
        ("CXHUB_RAW_BODY_RETENTION_DAYS", "0", "'0'"),
        ("CXHUB_RAW_BODY_RETENTION_DAYS", "36501", "'36501'"),
        ("CXHUB_RAW_BODY_RETENTION_DAYS", "-1", "'-1'"),
        ("CXHUB_RAW_BODY_RETENTION_DAYS", "90d", "'90d'"),
        ("CXHUB_RAW_BODY_RETENTION_DAYS", "٩٠", "'٩٠'"),
        ("CXHUB_LOG_LEVEL", "loud", "'LOUD'"),
        ("CXHUB_LOG_LEVEL", "10", "'10'"),
    ],
)
def test_unusable_variable_is_named_and_no_secret_is_told(variable: str, value: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError) as raised:
        load({"CXHUB_DATA": str(tmp_path), variable: value})
    message = str(raised.value)
    assert message.startswith(f"{variable}: expected ")
    assert told in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("value", "read"), [("", True), ("1", True), ("on", True), ("0", False), (" Off ", False), ("no", False)]
)
def test_first_keystroke_assigns_unless_it_is_switched_off(value: str, read: bool, tmp_path: Path) -> None:
    environ = {"CXHUB_DATA": str(tmp_path)}
    assert load(environ | {"CXHUB_ASSIGN_ON_TYPING": value}).assigns_on_typing is read
    assert load(environ).assigns_on_typing is True


@pytest.mark.parametrize(
    ("days", "level", "read"),
    [("", "", (90, "INFO")), (" 1 ", "debug", (1, "DEBUG")), ("36500", "Warning", (36_500, "WARNING"))],
)
def test_retention_and_log_level_are_read_and_empty_is_the_default(
    days: str, level: str, read: tuple[int, str], tmp_path: Path
) -> None:
    named = {"CXHUB_RAW_BODY_RETENTION_DAYS": days, "CXHUB_LOG_LEVEL": level}
    environment = load({"CXHUB_DATA": str(tmp_path), **named})
    assert (environment.raw_body_retention_days, environment.log_level) == read


@pytest.mark.parametrize(
    ("environ", "reachable"),
    [
        ({}, True),
        ({"PUBLIC_BASE_URL": "http://localhost:8000"}, True),
        ({"PUBLIC_BASE_URL": "http://127.0.0.9"}, True),
        ({"PUBLIC_BASE_URL": "http://[::1]:8000"}, True),
        ({"PUBLIC_BASE_URL": "https://hub.example.com"}, False),
        ({"PUBLIC_BASE_URL": "https://127.0.0.1.example.com"}, False),
        ({"PUBLIC_BASE_URL": "http://192.168.1.7:8000", "CXHUB_LIVE_URL": "  "}, False),
        ({"PUBLIC_BASE_URL": "https://hub.example.com", "CXHUB_LIVE_URL": "https://live.example.com"}, True),
    ],
)
def test_live_stream_is_reachable_where_pages_are(environ: dict[str, str], reachable: bool) -> None:
    assert env.live_is_reachable(environ) is reachable


def test_earlier_secret_keys_are_a_list_without_blanks(tmp_path: Path) -> None:
    def fallbacks(text: str) -> tuple[str, ...]:
        return load({"CXHUB_DATA": str(tmp_path), "CXHUB_SECRET_KEY_FALLBACKS": text}).secret_key_fallbacks

    assert fallbacks("") == ()
    assert fallbacks(" the-last , the-one-before,, ") == ("the-last", "the-one-before")


def test_no_secret_is_in_the_printed_environment(tmp_path: Path) -> None:
    environment = load(
        {
            "CXHUB_DATA": str(tmp_path),
            "DATABASE_URL": "postgresql://ann:hunter2@db/hub",
            "REDIS_URL": "redis://:hunter2@cache:6379/0",
            "SECRET_KEY": "hunter2" * 5,
            "CXHUB_SECRET_KEY_FALLBACKS": "hunter2,hunter2",
        }
    )
    assert "hunter2" not in repr(environment)


def test_secret_key_is_made_once_for_its_user_alone(tmp_path: Path) -> None:
    first = load({"CXHUB_DATA": str(tmp_path)}).secret_key
    assert len(first) >= 50
    assert load({"CXHUB_DATA": str(tmp_path)}).secret_key == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("kept", "told"), [(b"", "a cut one in"), (b"hunter2\n", "a cut"), (b"\xff" * 40, "a damaged")]
)
def test_damaged_secret_key_file_is_named_and_not_replaced(kept: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_bytes(kept)
    with pytest.raises(SettingError, match=f"{told}.*secret_key") as raised:
        load({"CXHUB_DATA": str(tmp_path)})
    assert "hunter2" not in str(raised.value)
    assert (tmp_path / "secret_key").read_bytes() == kept


def test_without_a_hub_the_database_says_what_to_do(tmp_path: Path) -> None:
    assert "use-manage.py-up-or-set-DATABASE_URL" in load({"CXHUB_DATA": str(tmp_path)}).database.host


@pytest.mark.parametrize(
    ("given", "for_redis_py", "for_celery"),
    [
        ("redis://cache:6379/1", "redis://cache:6379/1", "redis://cache:6379/1"),
        ("unix:///run/v.sock?db=2", "unix:///run/v.sock?db=2", "redis+socket:///run/v.sock?virtual_host=2"),
        ("redis+socket:///run/v.sock", "unix:///run/v.sock?db=0", "redis+socket:///run/v.sock?virtual_host=0"),
    ],
)
def test_one_redis_url_serves_both_clients(given: str, for_redis_py: str, for_celery: str) -> None:
    assert parse_redis(given) == for_redis_py
    assert broker_url(parse_redis(given)) == for_celery


def test_slash_at_the_end_of_the_public_url_is_dropped(tmp_path: Path) -> None:
    environment = load({"CXHUB_DATA": str(tmp_path), "PUBLIC_BASE_URL": "https://hub.example.com/"})
    assert environment.public_base_url == "https://hub.example.com"
    assert environment.live_url == env.DEFAULT_LIVE_URL


def test_files_are_kept_in_the_data_folder_or_where_it_says(tmp_path: Path) -> None:
    environ = {"CXHUB_DATA": str(tmp_path), "SECRET_KEY": "x" * 50}
    loaded = load(environ)
    assert loaded.media_storage.options["location"] == str(tmp_path / "media")
    assert loaded.media_url == loaded.public_base_url
    elsewhere = load({**environ, "CXHUB_MEDIA_STORAGE": "/srv/media", "CXHUB_MEDIA_URL": "https://files.example.com/"})
    assert elsewhere.media_storage.options["location"] == "/srv/media"
    assert elsewhere.media_url == "https://files.example.com"


def test_bucket_without_its_library_says_what_to_install(tmp_path: Path) -> None:
    environ = {"CXHUB_DATA": str(tmp_path), "SECRET_KEY": "x" * 50, "CXHUB_MEDIA_STORAGE": "s3://bucket/prefix"}
    if importlib.util.find_spec("storages"):
        options = load(environ).media_storage.options
        assert (options["bucket_name"], options["location"]) == ("bucket", "prefix")
        return
    with pytest.raises(SettingError, match=r'pip install "django-storages\[s3\]"'):
        load(environ)
