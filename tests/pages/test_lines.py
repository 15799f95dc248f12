"""Settings > Channels, one line: its day, secrets rotated without a gap, test events, and what a delivery held."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_ingest import pipeline
from channels_ingest.accounts import connect, load_line, settings_of
from channels_ingest.adapters.generic_signed import GenericSigned
from channels_ingest.adapters.sending import Accepted, HttpRequest, Refused
from channels_ingest.line_health import health_of
from channels_ingest.line_tests import HEADER, _signed, can_test, mark_of
from channels_ingest.models import Envelope, IntakeCount
from channels_ingest.sending.models import OutboxMessage
from channels_ingest.sending.outcomes import note
from channels_ingest.sending.posting import post
from channels_ingest.simulator.plays.registry import PLAYS
from channels_ingest.sparkline import HEIGHT, sparkline
from profiles.models import ApiToken, ChannelAccount, ChannelIdentity, Role, StaffMember
from tests.pages.conftest import Born, Say
from tests.pages.test_settings import admin, office  # noqa: F401
from timeline.models import Entry

GENERIC = GenericSigned()
SECRETS = {
    "email_mailgun": {"signing_key": "key-0123456789abcdef"},
    "email_mime": {"token": "correct-horse"},
    "email_postmark": {"password": "correct-horse"},
    "email_sendgrid": {"password": "correct-horse"},
    "email_ses": {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:mail"},
    "generic_signed": {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
    "sms_twilio": {"account_sid": "AC" + "0" * 32, "auth_token": "token-1", "from": "+12025550111"},
    "sms_vonage": {"signature_secret": "a signature secret of at least 32 bytes"},
    "whatsapp_cloud": {"app_secret": "app-secret-1", "verify_token": "verify-1"},
    "whatsapp_twilio": {"account_sid": "AC" + "0" * 32, "auth_token": "token-1", "from": "+12025550111"},
}


def connected(provider: str) -> ChannelAccount:
    return connect(provider, name="Line", values=SECRETS[provider])


def page_of(client: Client, account: ChannelAccount) -> str:
    return client.get(f"/settings/channels/{account.pk}/").content.decode()


# The day


def test_bars_are_of_the_last_24_hours_and_never_too_high() -> None:
    now = datetime.fromisoformat("2026-11-22T17:35:00+00:00")
    hour = now.replace(minute=0)
    taken = {hour: 1, hour - timedelta(hours=1): 1_000, hour - timedelta(hours=24): 9}
    drawn = sparkline(taken, {hour - timedelta(hours=1): 1}, now)
    assert (drawn.taken, drawn.refused, drawn.most) == (1_001, 1, 1_001)
    assert [(bar.taken, bar.refused) for bar in drawn.bars] == [(0, 0)] * 22 + [(HEIGHT - 1, 1), (1, 0)]
    assert all(bar.refused_y >= 0 for bar in drawn.bars)
    assert sparkline({}, {}, now).most == 0


def test_page_draws_the_day_without_any_style(office: Client) -> None:  # noqa: F811
    account = connected("generic_signed")
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    IntakeCount.objects.create(account=account, hour=hour, outcome="accepted", count=12)
    IntakeCount.objects.create(account=account, hour=hour, outcome="refused", count=3)
    page = page_of(office, account)
    assert "12 taken and 3 refused in the last 24 hours, at most 15 in one" in page
    assert page.count("<rect") == 2
    assert "style=" not in page


# Secrets


def test_new_secret_counts_beside_the_old_until_it_is_forgotten(office: Client) -> None:  # noqa: F811
    account = connected("whatsapp_cloud")
    url = f"/settings/channels/{account.pk}/secrets/app_secret/"
    assert office.post(f"{url}add/", {"value": "app-secret-2"}).status_code == 302
    assert settings_of(account).secrets["app_secret"] == ["app-secret-2", "app-secret-1"]
    page = page_of(office, account)
    assert "2 values count" in page
    assert f'action="{url}forget/"' in page
    assert "app-secret" not in page
    office.post(f"{url}forget/")
    assert settings_of(account).secrets["app_secret"] == ["app-secret-2"]
    office.post(f"{url}forget/")
    assert settings_of(account).secrets["app_secret"] == ["app-secret-2"]


def test_wrong_new_value_is_said_and_not_stored(office: Client) -> None:  # noqa: F811
    account = connected("generic_signed")
    url = f"/settings/channels/{account.pk}/secrets/secret/add/"
    for value in ("short", ""):
        answer = office.post(url, {"value": value})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
    assert len(settings_of(account).secrets["secret"]) == 1


def test_verify_token_is_revealed_to_admins_and_that_is_logged(office: Client, caplog: Any) -> None:  # noqa: F811
    account = connected("whatsapp_cloud")
    assert "verify-1" not in page_of(office, account)
    with caplog.at_level(logging.INFO, "cxhub.lines"):
        shown = office.post(f"/settings/channels/{account.pk}/secrets/verify_token/reveal/").content.decode()
    assert "verify-1" in shown
    [record] = [each for each in caplog.records if each.message == "secret revealed"]
    assert (record.account, record.setting) == (account.pk, "verify_token")
    assert "verify-1" not in caplog.text
    assert office.post(f"/settings/channels/{account.pk}/secrets/app_secret/reveal/").status_code == 404
    assert office.post(f"/settings/channels/{account.pk}/secrets/nothing/reveal/").status_code == 404
    assert office.get(f"/settings/channels/{account.pk}/secrets/verify_token/reveal/").status_code == 405


def test_leads_see_settings_and_change_none(db: None) -> None:
    account = connected("whatsapp_cloud")
    lead = Client()
    lead.force_login(StaffMember.objects.create_staff("lead@example.com", role=Role.LEAD))
    page = page_of(lead, account)
    assert "verify_token" in page
    assert "secrets/" not in page
    for path in ("secrets/app_secret/add/", "secrets/app_secret/forget/", "secrets/verify_token/reveal/", "test/"):
        assert lead.post(f"/settings/channels/{account.pk}/{path}", {"value": "x"}).status_code == 403
    assert settings_of(account).secrets["app_secret"] == ["app-secret-1"]


# Test events


@pytest.mark.parametrize("provider", sorted(PLAYS))
def test_test_event_is_taken_and_read_and_makes_nobody_a_customer(client: Client, db: None, provider: str) -> None:
    account = connected(provider)
    assert can_test(account)
    signed = _signed(account)
    assert signed is not None
    given = {name: value for name, value in signed.headers.items() if name.lower() != "content-type"}
    kind = next(value for name, value in signed.headers.items() if name.lower() == "content-type")
    path = (
        signed.url.removeprefix("http://testserver")
        if "testserver" in signed.url
        else "/" + signed.url.split("/", 3)[3]
    )
    answer = client.post(path, signed.body, content_type=kind, headers={**given, HEADER: mark_of(signed.body)})
    assert answer.status_code == 200
    pipeline.drain()
    envelope = Envelope.objects.get()
    assert (envelope.state, envelope.fault, envelope.headers["cxhub"]) == ("processed", "", "test")
    assert not ChannelIdentity.objects.exists()
    assert not Entry.objects.exists()
    [health] = health_of([account])
    assert (health.state, health.last_inbound) == ("waiting", None)


def test_mark_that_the_hub_did_not_make_changes_nothing(client: Client, db: None) -> None:
    account = connected("whatsapp_cloud")
    signed = _signed(account)
    assert signed is not None
    headers = {name: value for name, value in signed.headers.items() if name.lower() != "content-type"}
    path = "/" + signed.url.split("/", 3)[3]
    client.post(path, signed.body, content_type="application/json", headers={**headers, HEADER: mark_of(b"another")})
    pipeline.drain()
    assert Entry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_admin_sends_a_test_event_through_the_real_address(live_server: Any, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = settings.LOOPBACK_URL = live_server.url
    account = connected("generic_signed")
    client = Client()
    client.force_login(StaffMember.objects.create_staff("admin@example.com", role=Role.ADMIN))
    assert "Send test event" in page_of(client, account)
    page = client.post(f"/settings/channels/{account.pk}/test/", follow=True).content.decode()
    assert "The test event was taken." in page
    assert "Test event" in page[page.index("line-deliveries") :]
    account.refresh_from_db()
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:1"
    page = client.post(f"/settings/channels/{account.pk}/test/", follow=True).content.decode()
    assert "but not by the public address" in page


def test_line_that_is_off_or_has_no_play_cannot_be_tested(office: Client) -> None:  # noqa: F811
    chat = connect("webchat", name="Chat", values={"allowed_origins": "https://shop.example"})
    assert not can_test(chat)
    page = page_of(office, chat)
    assert "Send test event" not in page
    assert f"/chat/v1/w.js&quot; data-key=&quot;{chat.key}&quot;&gt;&lt;/script&gt;</code>" in page
    assert "/chat/v1/w.js" not in page_of(office, connected("email_mime"))
    account = connected("generic_signed")
    account.is_enabled = False
    assert not can_test(account)


# States and deliveries


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_the_lines_state_until_a_message_goes(say: Say, born: Born, status: int) -> None:
    """The provider's own answer closes the line, and the next message that it takes opens it again."""
    mira = born("Mira Lind")
    entries = [say(mira, direction="out", text=str(number), delivery="queued") for number in range(2)]
    account = entries[0].account
    seat = entries[0].channel_identity
    [first, second] = [
        OutboxMessage.objects.create(entry=entry, account=account, channel_identity=seat, state="sending")
        for entry in entries
    ]
    with answering(status) as url:
        request = HttpRequest(method="POST", url=url, headers={}, body=b"{}")
        outcome = post(request, GENERIC.read_answer)
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.closes) == (str(status), "credentials")
    note(first.pk, outcome, is_simulated=False)
    [health] = health_of([account])
    assert (health.state, health.words) == ("denied", "Credentials refused")
    note(second.pk, Accepted(provider_message_id="taken"), is_simulated=False)
    assert health_of([account])[0].state != "denied"


@contextmanager
def answering(status: int) -> Iterator[str]:
    """The address of a provider that answers every request with this status."""

    class Provider(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"] or 0))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_payload_is_shown_without_secrets_and_that_is_logged(office: Client, caplog: Any) -> None:  # noqa: F811
    account = connected("generic_signed")
    body = b'{"text": "<b>Hello</b>", "token": "hush"}'
    envelope = Envelope.objects.create(account=account, delivery_key="1", body=body, headers={"webhook-signature": "x"})
    with caplog.at_level(logging.INFO, "cxhub.lines"):
        page = office.get(f"/settings/channels/{account.pk}/deliveries/{envelope.pk}/").content.decode()
    assert "&lt;b&gt;Hello&lt;/b&gt;" in page
    assert "hush" not in page
    assert "raw read" in caplog.text
    other = connected("whatsapp_cloud")
    assert office.get(f"/settings/channels/{other.pk}/deliveries/{envelope.pk}/").status_code == 404
    assert office.get(f"/settings/channels/{account.pk}/deliveries/{2**63}/").status_code == 404


def test_agents_may_read_no_delivery(pages: Client) -> None:
    account = connected("generic_signed")
    envelope = Envelope.objects.create(account=account, delivery_key="1", body=b"{}")
    assert pages.get(f"/settings/channels/{account.pk}/deliveries/{envelope.pk}/").status_code == 403


def test_line_cache_knows_the_new_secret(db: None) -> None:
    account = connected("whatsapp_cloud")
    connect("whatsapp_cloud", name="Line", values={"app_secret": "app-secret-2"})
    line = load_line("whatsapp_cloud", account.key)
    assert line is not None
    assert line.settings.secrets["app_secret"] == ["app-secret-2", "app-secret-1"]
    assert not ApiToken.objects.exists()
