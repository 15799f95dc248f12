"""A file still at the provider: fetched beside the inbox, told to the entry, never at the cost of its message."""

import hashlib
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_ingest import envelopes, pipeline
from channels_ingest.accounts import connect
from channels_ingest.adapters import sms_twilio, whatsapp_cloud
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.fetching import MediaGoneError, MediaRequest
from channels_ingest.adapters.sending import Answer
from channels_ingest.media import fetches
from channels_ingest.media.fetches import RETRY_SECONDS, fetch_due, fetch_one
from channels_ingest.media.fetching import Fetcher
from channels_ingest.media.lines import fetching_line
from channels_ingest.models import Envelope, MediaFetch, StoredFile
from channels_ingest.simulator import payloads
from channels_ingest.simulator.samples import sample
from profiles.models import ChannelAccount
from tests.channels_ingest.media.hostile import Hostile, says, served
from tests.conftest import APP_SECRET, Deliver, whatsapp_change
from timeline.models import Amendment, Entry
from timeline.rebuilding import rebuild
from timeline.showing.attachments import attachments_of

AT = 1_760_000_000


def image(wamid: str = "in.1", seed: str = "1", **more: Any) -> dict[str, Any]:
    content = payloads.media("image", seed, caption="Look") | more
    message = {"from": "15550100001", "id": wamid, "timestamp": str(AT), "type": "image", "image": content}
    return whatsapp_change(messages=[message], contacts=[{"profile": {"name": "Mira Lind"}, "wa_id": "15550100001"}])


def received(deliver: Deliver, payload: dict[str, Any]) -> Entry:
    assert deliver(payload).status_code == 200
    pipeline.drain()
    return Entry.objects.get(kind="message", provider_message_id="in.1")


def attachment(entry: Entry) -> dict[str, Any]:
    entry.refresh_from_db()
    (part,) = entry.detail["attachments"]
    return dict(part)


@pytest.fixture
def simulator(live_server: Any, settings: Any) -> str:
    settings.LOOPBACK_URL = live_server.url
    for breaker in (fetches._breaker, fetches._storage):
        breaker._failures.clear()
    return str(live_server.url)


def due_now() -> None:
    MediaFetch.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.django_db(transaction=True)
def test_simulated_picture_is_fetched_and_shown(deliver: Deliver, simulator: str) -> None:
    entry = received(deliver, image())
    assert entry.text == "Look"
    assert "state" not in attachment(entry)
    assert MediaFetch.objects.get().state == "wanted"
    changed_in = entry.changed_in
    assert fetch_due() == 1
    part = attachment(entry)
    content = sample("image", int(part["provider_media_id"][1]))
    assert content is not None
    assert part["state"] == "stored"
    assert part["file"] == {
        "sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "mime_type": "image/jpeg",
        "width": 1200, "height": 900,
    }  # fmt: skip
    assert entry.changed_in > changed_in  # open pages pull it
    assert MediaFetch.objects.get().state == "stored"
    assert StoredFile.objects.get().size == len(content)
    assert fetch_due() == 0
    assert sum(rebuild(repair=False).differed.values()) == 0


@pytest.mark.django_db(transaction=True)
def test_what_the_simulator_did_not_send_is_left_to_the_line_s_own_key(
    deliver: Deliver, whatsapp: ChannelAccount, simulator: str
) -> None:
    entry = received(deliver, image(id="1234567890"))
    fetch_due()
    assert attachment(entry)["state"] == "no_access"
    assert MediaFetch.objects.get().state == "no_access"
    connect("whatsapp_cloud", name="Orders", values={"access_token": "t0ken"})
    assert MediaFetch.objects.get().state == "wanted"
    line = fetching_line(whatsapp)
    assert line is not None
    assert (line.is_simulated, line.api_url[:26], line.trusted_origins) == (
        False, "https://graph.facebook.com", frozenset(),
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_other_content_than_was_announced_is_not_shown(deliver: Deliver, simulator: str) -> None:
    wrong = payloads.media("image", "another")["sha256"]
    entry = received(deliver, image(id="11" + "0" * 15, sha256=wrong))
    fetch_due()
    assert "state" not in attachment(entry)
    wanted = MediaFetch.objects.get()
    assert (wanted.state, wanted.attempts, wanted.fault) == ("wanted", 1, "another content than was announced")
    assert wanted.next_attempt_at > timezone.now() + timedelta(seconds=RETRY_SECONDS[0] - 5)


@pytest.mark.parametrize(
    ("answer", "state", "next_state"),
    [
        ("404 Not Found", "gone", "gone"),
        ("410 Gone", "gone", "gone"),
        ("401 Unauthorized", "no_access", "no_access"),
        ("403 Forbidden", "no_access", "no_access"),
        ("500 Oops", None, "wanted"),
        ("429 Too Many", None, "wanted"),
        ("302 Found", None, "wanted"),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_what_an_answer_means(
    deliver: Deliver, monkeypatch: pytest.MonkeyPatch, answer: str, state: str | None, next_state: str
) -> None:
    with served(says(b"", answer)) as server:
        entry, fetcher = with_key(deliver, monkeypatch, server)
        assert fetch_one(fetcher=fetcher)
        assert attachment(entry).get("state") == state
        assert MediaFetch.objects.get().state == next_state
        assert "Bearer t0ken" in server.heads[0]


def with_key(deliver: Deliver, monkeypatch: pytest.MonkeyPatch, server: Hostile) -> tuple[Entry, Fetcher]:
    """A received picture of a line with its own key; Meta's address is that of `server`."""
    monkeypatch.setattr(whatsapp_cloud.WhatsAppCloud, "api_url", server.origin)
    connect("whatsapp_cloud", name="Orders", values={"access_token": "t0ken"})
    entry = received(deliver, image())
    return entry, Fetcher(trusted_origins=frozenset({server.origin}), total_seconds=2)


@pytest.mark.django_db(transaction=True)
def test_attempts_end_and_replay_begins_anew(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(says(b"", "500 Oops")) as server:
        entry, fetcher = with_key(deliver, monkeypatch, server)
        for _ in range(len(RETRY_SECONDS) + 2):
            due_now()
            fetch_one(fetcher=Fetcher(trusted_origins=fetcher.trusted_origins))
        assert attachment(entry)["state"] == "failed"
        assert len(server.heads) == len(RETRY_SECONDS)
    envelopes.replay(Envelope.objects.values_list("id", flat=True))
    pipeline.drain()
    wanted = MediaFetch.objects.get()
    assert (wanted.state, wanted.attempts) == ("wanted", 0)
    assert Entry.objects.filter(kind="message").count() == 1


@pytest.mark.django_db(transaction=True)
def test_content_that_comes_after_a_failure_is_shown(
    deliver: Deliver, simulator: str, whatsapp: ChannelAccount
) -> None:
    entry = received(deliver, image())
    MediaFetch.objects.update(attempts=99)
    fetch_due()
    assert attachment(entry)["state"] == "failed"
    envelopes.replay(Envelope.objects.values_list("id", flat=True))
    pipeline.drain()
    fetch_due()
    assert attachment(entry)["state"] == "stored"
    assert sorted(Amendment.objects.values_list("detail__state", flat=True)) == ["failed", "stored"]
    assert sum(rebuild(repair=False).differed.values()) == 0


@pytest.mark.django_db(transaction=True)
def test_key_is_not_carried_where_the_provider_is_not(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(says(b'{"url": "https://evil.example.com/file"}')) as server:
        entry, fetcher = with_key(deliver, monkeypatch, server)
        fetch_one(fetcher=fetcher)
    assert attachment(entry)["state"] == "refused"
    assert MediaFetch.objects.get().fault == "an address that is not the provider's"


@pytest.mark.django_db(transaction=True)
def test_too_big_is_said(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    def both(connection: Any, head: str) -> None:
        origin = f"http://127.0.0.1:{connection.getsockname()[1]}"
        body = b'{"url": "%s/file"}' % origin.encode() if "/file" not in head else b"x" * (5 * 1024 * 1024 + 1)
        says(body)(connection, head)

    with served(both) as server:
        entry, fetcher = with_key(deliver, monkeypatch, server)
        fetch_one(fetcher=fetcher)
    assert attachment(entry)["state"] == "too_big"


@pytest.mark.django_db(transaction=True)
def test_one_job_is_one_worker_s(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = threading.Semaphore(0)

    def slow(connection: Any, head: str) -> None:
        heard.acquire(timeout=1)
        says(b"", "500 Oops")(connection, head)

    with served(slow) as server:
        _, fetcher = with_key(deliver, monkeypatch, server)
        threads = [threading.Thread(target=_fetch_apart, args=(fetcher,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.heads) == 1
    assert MediaFetch.objects.get().attempts == 1


def _fetch_apart(fetcher: Fetcher) -> None:
    from django.db import connection

    try:
        fetch_one(fetcher=fetcher)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_killed_worker_leaves_the_job_to_the_next(deliver: Deliver, simulator: str) -> None:
    entry = received(deliver, image())
    MediaFetch.objects.update(attempts=1, next_attempt_at=timezone.now() + timedelta(seconds=60))  # its lease
    assert fetch_due() == 0
    due_now()
    assert fetch_due() == 1
    assert attachment(entry)["state"] == "stored"


def without_room(settings: Any, tmp_path: Any) -> Any:
    """The storage takes nothing; returns the settings of one that does."""
    (tmp_path / "a-file").write_text("no folder")
    good = settings.STORAGES
    options = {**good["media"]["OPTIONS"], "location": str(tmp_path / "a-file" / "media")}
    settings.STORAGES = {**good, "media": {**good["media"], "OPTIONS": options}}
    return good


@pytest.mark.django_db(transaction=True)
def test_full_storage_is_told_and_waited_for_however_long(
    deliver: Deliver, simulator: str, settings: Any, tmp_path: Any, client: Client
) -> None:
    good = without_room(settings, tmp_path)
    entry = received(deliver, image())
    assert client.get("/readyz").json()["files_without_room"] == 0
    for _attempt in range(len(RETRY_SECONDS) + 2):
        fetches._storage._failures.clear()  # five minutes later
        due_now()
        assert fetch_due() == 1
    assert attachment(entry)["state"] == "unstored"
    (shown,) = attachments_of(entry.detail, "WhatsApp")
    assert shown.note == "JPG · Waits for room in the hub's file storage"
    assert Amendment.objects.count() == 1
    waiting = MediaFetch.objects.get()
    assert (waiting.state, waiting.attempts, waiting.fault) == ("wanted", 0, "not stored: NotADirectoryError")
    assert client.get("/readyz").json()["files_without_room"] == 1
    assert b"cxhub_media_without_room 1.0" in client.get("/metrics").content
    settings.STORAGES = good
    due_now()
    fetch_due()
    assert attachment(entry)["state"] == "stored"
    assert client.get("/readyz").json()["files_without_room"] == 0
    assert sum(rebuild(repair=False).differed.values()) == 0


@pytest.mark.django_db(transaction=True)
def test_nobody_is_asked_for_what_the_storage_would_not_take(
    deliver: Deliver, simulator: str, settings: Any, tmp_path: Any
) -> None:
    good = without_room(settings, tmp_path)
    for number in range(7):
        assert deliver(image(f"in.{number}", str(number))).status_code == 200
    pipeline.drain()
    assert fetch_due() == 7
    assert MediaFetch.objects.filter(fault="not stored: NotADirectoryError").count() == 5
    assert set(MediaFetch.objects.values_list("state", "attempts")) == {("wanted", 0)}
    settings.STORAGES = good
    fetches._storage._failures.clear()
    due_now()
    fetch_due()
    assert set(MediaFetch.objects.values_list("state", flat=True)) == {"stored"}


@pytest.mark.django_db(transaction=True)
def test_edit_that_brings_another_picture_has_it_fetched(deliver: Deliver, simulator: str) -> None:
    entry = received(deliver, image(seed="1"))
    fetch_due()
    edited = {
        "from": "15550100001", "id": "edit.1", "timestamp": str(AT + 9), "type": "edit",
        "edit": {
            "original_message_id": "in.1",
            "message": {"type": "image", "image": payloads.media("image", "2", caption="This one")},
        },
    }  # fmt: skip
    deliver(whatsapp_change(messages=[edited], contacts=[{"profile": {"name": "M"}, "wa_id": "15550100001"}]))
    pipeline.drain()
    entry.refresh_from_db()
    assert entry.text == "This one"
    assert "state" not in attachment(entry)
    fetch_due()
    part = attachment(entry)
    assert (part["provider_media_id"], part["state"]) == (payloads.media("image", "2")["id"], "stored")
    assert MediaFetch.objects.count() == 2
    assert sum(rebuild(repair=False).differed.values()) == 0


@pytest.mark.django_db(transaction=True)
def test_simulator_gives_files_to_the_hub_alone(client: Any, whatsapp: ChannelAccount) -> None:
    number = payloads.media("image", "1")["id"]
    assert client.get(f"/simulator/whatsapp_cloud/{whatsapp.key}/{number}").status_code == 403


ACCOUNT = AccountSettings(plain={"account_sid": "AC1"}, secrets={"access_token": ["t"], "auth_token": ["pw"]})


def test_meta_is_asked_where_a_file_is() -> None:
    adapter: Any = whatsapp_cloud.ADAPTER
    request = adapter.media_request({"provider_media_id": "12/../3"}, ACCOUNT, api_url="https://g")
    assert request == MediaRequest(url="https://g/12%2F..%2F3", headers={"authorization": "Bearer t"}, is_lookup=True)
    assert adapter.media_request({"provider_media_id": ""}, ACCOUNT, api_url="https://g") is None
    found = adapter.media_found(Answer(status=200, body=b'{"url": "https://f/x"}'), ACCOUNT, api_url="https://g")
    assert found == MediaRequest(url="https://f/x", headers={"authorization": "Bearer t"})
    for body in (b"", b"[]", b"{}", b'{"url": 7}', b"\xff"):
        assert adapter.media_found(Answer(status=200, body=body), ACCOUNT, api_url="https://g") is None
    with pytest.raises(MediaGoneError):
        adapter.media_found(Answer(status=400, body=b'{"error": {"code": 100}}'), ACCOUNT, api_url="https://g")
    assert "Bearer" not in repr(request)


def test_twilio_is_asked_with_the_account_s_log_in() -> None:
    adapter: Any = sms_twilio.ADAPTER
    link = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"
    request = adapter.media_request({"link": link}, ACCOUNT, api_url="https://api.twilio.com")
    assert request == MediaRequest(url=link, headers={"authorization": "Basic QUMxOnB3"})
    assert adapter.media_request({"name": "x"}, ACCOUNT, api_url="https://api.twilio.com") is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://api.twilio.com/x", True), ("https://media.twilio.com/x", True), ("https://twilio.com/x", True),
        ("https://eviltwilio.com/x", False), ("https://twilio.com.evil.example/x", False),
        ("http://api.twilio.com/x", False),
        ("https://127.0.0.1/x", False),
    ],
)  # fmt: skip
def test_log_in_goes_to_twilio_alone(url: str, may: bool) -> None:
    values = {"auth_token": APP_SECRET, "account_sid": "AC" + "0" * 32, "from": "+15550783881"}
    line = fetching_line(connect("sms_twilio", name="Texts", values=values))
    assert line is not None
    assert line.may_carry_credentials(MediaRequest(url=url)) is may


def test_retries_outlast_a_day() -> None:
    assert sum(RETRY_SECONDS) > 86_400
