"""The test cast: one connected WhatsApp line, a provider that signs, staff with their tokens."""

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as examples

from benchmarks.scratch import server
from channels_ingest import accounts, routing
from channels_ingest.accounts import connect
from channels_ingest.intake import intake
from cxhub.env import broker_url
from cxhub.running import servers
from cxhub.running.borrowed import running
from cxhub.running.data_folder import DataFolder
from profiles.models import ApiToken, ChannelAccount, Role, StaffMember
from tests.pages.browsing import chromium

__all__ = ["chromium"]  # one browser for the whole run: playwright allows no second

PAYLOADS = Path(__file__).parent / "channels_ingest" / "payloads"
APP_SECRET = "test-app-secret"
VERIFY_TOKEN = "test-verify-token"

#: Set by pytest-xdist in each of several workers.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
#: The files that take longest, a minute each or more.
LONGEST = ("tests/rig/", "tests/screens/", "test_hostile_mail.py", "test_nothing_missed.py", "test_storm.py")

# Examples are the same in every run, so that main is as green tomorrow as today; HYPOTHESIS_TIMES asks for others.
# A busy machine makes no example wrong.
examples.register_profile(
    "hub",
    deadline=None,
    derandomize="HYPOTHESIS_TIMES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
examples.load_profile("hub")

Deliver = Callable[..., HttpResponse]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of several workers, which take file after file, none ends long after the others: what takes long comes first."""

    def place(item: pytest.Item) -> int:
        if any(part in item.path.as_posix() for part in LONGEST):
            return 0
        return 1 if item.get_closest_marker("browser") else 2

    if WORKER:
        items.sort(key=place)


@pytest.fixture(scope="session", autouse=True)
def _valkey_of_this_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A worker has a database of its own, but all of a Valkey hear each nudge: so it has one of its own too."""
    if not WORKER:
        yield
        return
    folder = DataFolder(tmp_path_factory.mktemp("servers"))
    wanted = servers.prepare(folder, {"DATABASE_URL": os.environ["DATABASE_URL"]}, durable=False)
    os.environ["REDIS_URL"] = settings.REDIS_URL = wanted.redis_url
    settings.CELERY_BROKER_URL = broker_url(wanted.redis_url)
    try:
        with running(wanted.children):
            yield
    finally:
        wanted.remove_sockets()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The last processes and threads of the tests may still be letting go of the database when it is dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _fresh_caches() -> None:
    """What a process remembers does not outlive the test's rows, and no thread writes beside its transaction."""
    intake.has_thread = False
    intake._counts.clear()
    accounts._cache.clear()
    routing.Router._settings.clear()


@pytest.fixture(autouse=True)
def _plain_storages(settings: Any, tmp_path: Path) -> None:
    """Pages name static files as they are; hashed names need `collectstatic`, which is the start-up's work.

    Files of messages lie in a folder of the test's own.
    """
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    media = settings.STORAGES["media"]
    media = {**media, "OPTIONS": {**media["OPTIONS"], "location": str(tmp_path / "media")}}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain, "media": media}


@pytest.fixture
def whatsapp(db: None) -> ChannelAccount:
    return connect("whatsapp_cloud", name="Orders", values={"app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN})


@pytest.fixture
def deliver(client: Client, whatsapp: ChannelAccount) -> Deliver:
    """Posts a body to the line as Meta does; a dict is written as JSON."""

    def post(
        body: bytes | dict[str, Any], *, account: ChannelAccount = whatsapp, secret: str = APP_SECRET
    ) -> HttpResponse:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        return client.post(
            f"/webhooks/{account.provider}/{account.key}/",
            raw,
            content_type="application/json",
            headers={"X-Hub-Signature-256": f"sha256={signature}"},
        )

    return post


def payload(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


def whatsapp_text(
    text: str, *, wamid: str, wa_id: str = "15550100001", at: int = 1_760_000_000, **more: Any
) -> dict[str, Any]:
    """One inbound text message in Meta's envelope."""
    message = {"from": wa_id, "id": wamid, "timestamp": str(at), "type": "text", "text": {"body": text}, **more}
    return whatsapp_change(messages=[message], contacts=[{"profile": {"name": "Mira Lind"}, "wa_id": wa_id}])


def whatsapp_change(field: str = "messages", phone_number_id: str = "106540352242922", **value: Any) -> dict[str, Any]:
    metadata = {"display_phone_number": "15550783881", "phone_number_id": phone_number_id}
    change = {"value": {"messaging_product": "whatsapp", "metadata": metadata, **value}, "field": field}
    return {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [change]}]}


@pytest.fixture
def token_for(db: None) -> Callable[[Role], dict[str, str]]:
    """The headers of a member of staff with a role."""

    def issue(role: Role) -> dict[str, str]:
        member = StaffMember.objects.create_staff(f"{role}@example.com", role=role)
        return {"Authorization": f"Bearer {ApiToken.issue(member, role)}"}

    return issue


@pytest.fixture
def web_process() -> Iterator[int]:
    """The port of a web process, under the hub's own server, on the database of a test with `transaction=True`."""
    parts = connection.get_connection_params()
    database = f"postgresql:///{parts['dbname']}?" + "&".join(
        f"{name}={parts[name]}" for name in ("host", "port", "user", "password") if parts.get(name)
    )
    environ = {
        **os.environ,
        "DATABASE_URL": database,
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
    }
    with server("cxhub.front:application", environ) as port:
        yield port
