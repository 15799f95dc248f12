"""The environment, read once, validated and typed. Plain Python: settings, live and the supervisor use it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from cxhub.media_storage import EXPECTED as MEDIA_EXPECTED
from cxhub.media_storage import VARIABLE as MEDIA_VARIABLE
from cxhub.media_storage import MediaStorage, StorageSettingError, parse_media_storage
from cxhub.running import data_folder
from cxhub.running.data_folder import DataFolder, DataFolderError

PROJECT = Path(__file__).resolve().parent.parent
DEFAULT_WEB_URL = "http://127.0.0.1:8000"
DEFAULT_LIVE_URL = "http://127.0.0.1:8001"

SHORTEST_SECRET_KEY = 16
MOST_DAYS = 36_500
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

# Where no hub runs, these stand for the servers; libpq and redis-py quote the path when somebody connects after all.
NO_SERVER = "/no-hub-runs--use-manage.py-up-or-set-DATABASE_URL"
NO_DATABASE_URL = f"postgresql://cxhub@/cxhub?host={quote(NO_SERVER, safe='')}"
NO_REDIS_URL = f"unix://{NO_SERVER}"

# What Django accepts as a Host header; a name in another script is written in its xn-- form.
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[A-Fa-f0-9:.]+\])(?::[0-9]+)?")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


class SettingError(Exception):
    """An environment variable is not usable: which one, what was expected, what came, what to do. Holds no secret."""

    def __init__(self, variable: str, expected: str, came: str) -> None:
        super().__init__(f"{variable}: expected {expected}; got {came}. Correct it in the environment and start again.")
        self.variable = variable


@dataclass(frozen=True, slots=True)
class Database:
    """One PostgreSQL database. `host` is a name, an address or the absolute folder of a unix socket."""

    name: str
    user: str
    password: str = field(repr=False)
    host: str
    port: str
    options: Mapping[str, str]

    def as_django(self) -> dict[str, object]:
        """The entry for Django's DATABASES."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": self.name,
            "USER": self.user,
            "PASSWORD": self.password,
            "HOST": self.host,
            "PORT": self.port,
            "OPTIONS": dict(self.options),
        }


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything the hub takes from outside.

    `loopback_url` is where its own processes reach the web process, which the simulator needs; `redis_url` is as
    redis-py wants it, `broker_url` the same server as Celery wants it; `database_url` is for psycopg.
    """

    data: DataFolder
    database: Database
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    broker_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(repr=False)
    public_base_url: str
    live_url: str
    media_url: str
    media_storage: MediaStorage
    loopback_url: str
    has_simulator_page: bool
    assigns_on_typing: bool
    debug: bool
    raw_body_retention_days: int
    undo_send_seconds: int
    log_level: str


def load(environ: Mapping[str, str]) -> Environment:
    """The environment as values, or SettingError. What is unset is taken from the hub that runs on the data folder."""
    folder = data_folder.chosen(environ, PROJECT)
    hub = folder.running()
    database_url = _given(environ, "DATABASE_URL") or (hub.database_url if hub else NO_DATABASE_URL)
    redis_url = parse_redis(_given(environ, "REDIS_URL") or (hub.redis_url if hub else NO_REDIS_URL))
    public_base_url = _given(environ, "PUBLIC_BASE_URL") or (hub and hub.web_url) or DEFAULT_WEB_URL
    live_url = _given(environ, "CXHUB_LIVE_URL") or (hub and hub.live_url) or DEFAULT_LIVE_URL
    loopback_url = _given(environ, "CXHUB_LOOPBACK_URL") or (hub and hub.web_url) or public_base_url
    return Environment(
        data=folder,
        database=parse_database(database_url),
        database_url=database_url,
        redis_url=redis_url,
        broker_url=broker_url(redis_url),
        secret_key=_secret_key(environ, folder),
        secret_key_fallbacks=tuple(
            key.strip() for key in environ.get("CXHUB_SECRET_KEY_FALLBACKS", "").split(",") if key.strip()
        ),
        public_base_url=parse_origin("PUBLIC_BASE_URL", public_base_url, path_allowed=True),
        live_url=parse_origin("CXHUB_LIVE_URL", live_url, path_allowed=False),
        media_url=_media_url(environ, public_base_url),
        media_storage=_media_storage(environ, folder),
        loopback_url=parse_origin("CXHUB_LOOPBACK_URL", loopback_url, path_allowed=True),
        has_simulator_page=_flag(environ, "CXHUB_SIMULATOR"),
        assigns_on_typing=_flag(environ, "CXHUB_ASSIGN_ON_TYPING", default="1"),
        debug=_flag(environ, "CXHUB_DEBUG"),
        raw_body_retention_days=_days(environ, "CXHUB_RAW_BODY_RETENTION_DAYS", default=90),
        undo_send_seconds=_seconds(environ, "CXHUB_UNDO_SEND_SECONDS", default=5, most=30),
        log_level=_log_level(environ, "CXHUB_LOG_LEVEL", default="INFO"),
    )


def live_is_reachable(environ: Mapping[str, str]) -> bool:
    """False when browsers elsewhere are meant to come and the live stream has only its address on this machine."""
    if _given(environ, "CXHUB_LIVE_URL"):
        return True
    host = urlsplit(_given(environ, "PUBLIC_BASE_URL") or DEFAULT_WEB_URL).hostname or ""
    return host in {"localhost", "::1"} or host.endswith(".localhost") or bool(re.fullmatch(r"127(\.[0-9]+){3}", host))


def check_secret_key(environ: Mapping[str, str]) -> None:
    """A command on the database of a running hub has that hub's SECRET_KEY, or SettingError.

    With another key it would store secrets that the hub cannot decrypt, and make links that it does not accept.
    """
    folder = data_folder.chosen(environ, PROJECT)
    hub = folder.running()
    if not hub or not hub.secret_key_mark or _given(environ, "DATABASE_URL") not in {"", hub.database_url}:
        return
    if data_folder.mark_of(_secret_key(environ, folder)) != hub.secret_key_mark:
        came = "another one" if "SECRET_KEY" in environ else f"none, and {folder.path / 'secret_key'} holds another one"
        raise SettingError("SECRET_KEY", f"that of the hub that runs on {folder.path} (pid {hub.pid})", came)


def parse_database(url: str) -> Database:
    """The parts of a libpq URL. `?host=/folder` names a unix socket; other query parameters become options."""
    variable = "DATABASE_URL"
    expected = "postgresql://USER:PASSWORD@HOST:PORT/NAME, or postgresql://USER@/NAME?host=/SOCKET/FOLDER"
    parts = _split(variable, url, expected)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise SettingError(variable, expected, _scheme(parts))
    # libpq ends a password at the first @ and quotes what it cannot read, so that nothing doubtful may reach it.
    if url.count("@") > ("@" in parts.netloc) or "#" in url:
        raise SettingError(variable, expected, "an @ or # inside a part of it, which is written %40 or %23")
    if re.search(r"%(?![0-9A-Fa-f]{2})|%00", url):
        raise SettingError(variable, expected, "a % without its two hexadecimal digits; a % itself is written %25")
    if not all(re.fullmatch(r"[^=]+=[^=]*", option) for option in parts.query.split("&") if parts.query):
        raise SettingError(variable, expected, "a part after the ? that is not NAME=VALUE")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    name = unquote(parts.path.removeprefix("/")) or options.pop("dbname", "")
    if not name:
        raise SettingError(variable, expected, "an URL without the name of a database")
    return Database(
        name=name,
        user=unquote(parts.username or "") or options.pop("user", ""),
        password=unquote(parts.password or "") or options.pop("password", ""),
        host=options.pop("host", "") or unquote(parts.hostname or ""),
        port=options.pop("port", "") or ("" if parts.port is None else str(parts.port)),
        options=options,
    )


def parse_redis(url: str) -> str:
    """The URL in redis-py's form. Celery's form of a unix socket is understood too."""
    variable, expected = "REDIS_URL", "redis://HOST:PORT/0, rediss://HOST:PORT/0 or unix:///SOCKET?db=0"
    if url.startswith("redis+socket://"):
        path, _, query = url.removeprefix("redis+socket://").partition("?")
        number = dict(parse_qsl(query)).get("virtual_host", "0")
        url = f"unix://{path}?db={number}"
    parts = _split(variable, url, expected)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise SettingError(variable, expected, _scheme(parts))
    if "#" in url:
        raise SettingError(variable, expected, "a # inside a part of it, which is written %23")
    if not (parts.path.startswith("/") if parts.scheme == "unix" else parts.hostname):
        raise SettingError(variable, expected, "an URL without a server")
    number = dict(parse_qsl(parts.query, keep_blank_values=True)).get("db", "0")
    if parts.scheme != "unix" and parts.path not in {"", "/"}:
        number = parts.path.removeprefix("/")
    if not re.fullmatch(r"[0-9]{1,5}", number):
        raise SettingError(variable, expected, "a database that is not a number")
    return url


def broker_url(redis_url: str) -> str:
    """The same server in the form Celery wants: its unix sockets are spelled redis+socket://."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    number = dict(parse_qsl(parts.query)).get("db", "0")
    return f"redis+socket://{parts.path}?virtual_host={number}"


def parse_origin(variable: str, url: str, *, path_allowed: bool) -> str:
    """An http(s) URL without a slash at its end, without credentials, query and fragment."""
    expected = "an URL like https://hub.example.com" + ("" if path_allowed else ", without a path")
    url = url.rstrip("/")
    if "@" in url:
        raise SettingError(variable, expected, "an URL with credentials (not shown here)")
    parts = _split(variable, url, expected)
    # The host stands in the Content-Security-Policy and is compared with what browsers send: nothing else fits.
    if parts.scheme not in {"http", "https"} or parts.port == 0 or not _HOST.fullmatch(parts.netloc):
        raise SettingError(variable, expected, repr(url[:80]))
    if parts.query or parts.fragment or (parts.path and not path_allowed):
        raise SettingError(variable, expected, "an URL with a query, a fragment or a path it cannot have")
    return url


def _secret_key(environ: Mapping[str, str], folder: DataFolder) -> str:
    expected = f"a random text of at least {SHORTEST_SECRET_KEY} characters, or no variable and a data folder for one"
    given = environ.get("SECRET_KEY")
    if given is None:
        try:
            kept = folder.secret_key()
        except (OSError, ValueError, DataFolderError) as error:
            raise SettingError("SECRET_KEY", expected, _unreadable(error, folder)) from error
        if len(kept) < SHORTEST_SECRET_KEY:
            raise SettingError("SECRET_KEY", expected, f"a cut one in {folder.path / 'secret_key'}")
        return kept
    if not given.strip():
        raise SettingError("SECRET_KEY", expected, "an empty one")
    if len(given.strip()) < SHORTEST_SECRET_KEY:
        raise SettingError("SECRET_KEY", expected, f"one of {len(given.strip())}")
    return given


def _media_url(environ: Mapping[str, str], public_base_url: str) -> str:
    """Where browsers fetch files: the hub's own address, or another host, which then serves nothing else."""
    given = _given(environ, "CXHUB_MEDIA_URL")
    if not given:
        return public_base_url.rstrip("/")
    url = parse_origin("CXHUB_MEDIA_URL", given, path_allowed=False)
    if urlsplit(url).netloc == urlsplit(public_base_url).netloc:
        raise SettingError("CXHUB_MEDIA_URL", "another host than that of PUBLIC_BASE_URL, or no variable", "the same")
    return url


def _media_storage(environ: Mapping[str, str], folder: DataFolder) -> MediaStorage:
    try:
        return parse_media_storage(_given(environ, MEDIA_VARIABLE), default_folder=folder.media)
    except StorageSettingError as error:
        raise SettingError(MEDIA_VARIABLE, MEDIA_EXPECTED, str(error)) from None


def _unreadable(error: Exception, folder: DataFolder) -> str:
    # The text of a decoding error quotes what was read.
    return str(error) if not isinstance(error, ValueError) else f"a damaged one in {folder.path / 'secret_key'}"


def _flag(environ: Mapping[str, str], variable: str, *, default: str = "") -> bool:
    value = environ.get(variable, "").strip().lower() or default
    if value not in _TRUE | _FALSE:
        raise SettingError(variable, "1 or 0", repr(value[:20]))
    return value in _TRUE


def _seconds(environ: Mapping[str, str], variable: str, *, default: int, most: int) -> int:
    text = _given(environ, variable)
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 3 or int(text) > most:
        raise SettingError(variable, f"a whole number of seconds from 0 to {most}", repr(text[:20]))
    return int(text)


def _days(environ: Mapping[str, str], variable: str, *, default: int) -> int:
    value = _given(environ, variable)
    if not value:
        return default
    if not re.fullmatch(r"[0-9]{1,5}", value) or not 1 <= int(value) <= MOST_DAYS:
        raise SettingError(variable, f"a whole number of days from 1 to {MOST_DAYS}", repr(value[:20]))
    return int(value)


def _log_level(environ: Mapping[str, str], variable: str, *, default: str) -> str:
    value = _given(environ, variable).upper() or default
    if value not in LOG_LEVELS:
        raise SettingError(variable, f"one of {', '.join(LOG_LEVELS)}", repr(value[:20]))
    return value


def _given(environ: Mapping[str, str], variable: str) -> str:
    return environ.get(variable, "").strip()


def _split(variable: str, url: str, expected: str) -> SplitResult:
    """The parts of an URL, or SettingError without the URL: what is wrong may stand in its password."""
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise SettingError(variable, expected, "an URL with a space in it; inside a part it is written %20")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise SettingError(variable, expected, "a host that is none; an IPv6 address stands in [ ]") from None
    try:
        _ = parts.port
    except ValueError:
        raise SettingError(variable, expected, "a port that is not a number from 0 to 65535") from None
    return parts


def _scheme(parts: SplitResult) -> str:
    return f"the scheme {parts.scheme!r}" if parts.scheme and parts.netloc else "something that is not an URL"
