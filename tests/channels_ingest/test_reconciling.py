"""Webhooks that never came: found in the provider's list, over real HTTP, and recorded once whatever else happens."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_ingest import pipeline
from channels_ingest.accounts import connect, settings_of
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.listing import Listed, ListingError
from channels_ingest.adapters.sending import Answer
from channels_ingest.models import Envelope, IntakeCount, Reconciliation
from channels_ingest.reconciling import EVERY, GRACE, reconcile, reconcile_one
from channels_ingest.registry import ADAPTERS
from channels_ingest.sending.lines import sending_line
from channels_ingest.simulator import incoming
from channels_ingest.simulator.lines import webhook_url
from channels_ingest.simulator.models import SimulatedMessage
from channels_ingest.simulator.plays.base import Person, Post
from channels_ingest.simulator.plays.registry import PLAYS
from channels_ingest.simulator.reporting import deliver
from profiles.models import ChannelAccount
from timeline.models import Entry

TWILIO = {"account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": "token", "from": "+15005550006"}
SENDERS = {"sms_twilio": "+1555010{:04d}", "whatsapp_twilio": "+1555020{:04d}"}


@pytest.fixture
def _simulated(live_server: Any, settings: Any) -> None:
    """The simulator is reached at the test's own server."""
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = live_server.url


def line(provider: str = "sms_twilio", **more: str) -> ChannelAccount:
    account = connect(provider, name=f"Texts {provider}", values={**TWILIO, **more})
    account.settings["simulated"] = "yes"
    account.save()
    ChannelAccount.objects.filter(pk=account.pk).update(created_at=timezone.now() - timedelta(days=3))
    account.refresh_from_db()
    return account


def write(account: ChannelAccount, number: int, text: str, at: datetime) -> None:
    assert incoming.write(account, Person(address=SENDERS[account.provider].format(number)), text, at)


def fill(account: ChannelAccount) -> int:
    found = sending_line(account)
    assert found is not None
    count = reconcile(account, found)
    pipeline.drain()
    return count


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_simulated")
@pytest.mark.parametrize("provider", ["sms_twilio", "whatsapp_twilio"])
def test_hundred_of_a_hundred_lost_webhooks_are_found_in_one_cycle(provider: str) -> None:
    account, now = line(provider), timezone.now().replace(microsecond=0)
    for number in range(110):
        text = f"heard {number}" if number % 11 == 0 else f"#unheard {number}"
        write(account, number, text, now - timedelta(minutes=number))
    pipeline.drain()
    assert Entry.objects.filter(kind="message").count() == 10
    assert fill(account) == 100
    assert Entry.objects.filter(kind="message").count() == 110
    lost = Entry.objects.get(text="#unheard 7")
    assert lost.occurred_at == now - timedelta(minutes=7)  # the provider's time, not that of finding it
    assert lost.channel_identity.address == SENDERS[provider].format(7)
    assert IntakeCount.objects.get(outcome="listed").count == 100
    assert fill(account) == 0


def lose(account: ChannelAccount, text: str, at: datetime) -> Post:
    """A message that the provider keeps and has not posted."""
    play: Any = PLAYS[account.provider]
    person = Person(address="+15550100001")
    post: Post = play.incoming(person, text, at, settings_of(account), webhook_url=webhook_url(account))
    extra = {incoming.INCOMING: post.body.decode()}
    SimulatedMessage.objects.create(
        account=account, message_id=play.message_id_of(post), text=text, taken_at=at, to="", extra=extra
    )
    return post


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_simulated")
def test_webhook_that_comes_after_all_is_the_same_message() -> None:
    account = line()
    post = lose(account, "late", timezone.now())
    assert fill(account) == 1
    assert deliver(post)
    pipeline.drain()
    assert (Entry.objects.count(), Envelope.objects.count()) == (1, 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_simulated")
def test_crash_before_the_workers_loses_and_doubles_nothing() -> None:
    account, now = line(), timezone.now()
    write(account, 1, "#unheard hello", now)
    found = sending_line(account)
    assert found is not None
    assert (reconcile(account, found), reconcile(account, found)) == (1, 0)
    pipeline.drain()
    assert Entry.objects.get().text == "#unheard hello"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_simulated")
def test_each_account_has_its_turn_and_what_is_young_waits() -> None:
    account, now = line(), timezone.now()
    write(account, 1, "#unheard old", now - GRACE - timedelta(seconds=5))
    write(account, 2, "#unheard young", now)
    assert reconcile_one(now) is True
    assert reconcile_one(now) is False
    pipeline.drain()
    assert list(Entry.objects.values_list("text", flat=True)) == ["#unheard old"]
    assert Reconciliation.objects.get().checked_until == now - GRACE
    assert reconcile_one(now + EVERY) is True
    pipeline.drain()
    assert Entry.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_provider_that_cannot_be_reached_is_asked_again(settings: Any) -> None:
    settings.LOOPBACK_URL = "http://127.0.0.1:9"
    line()
    now = timezone.now()
    assert reconcile_one(now) is True
    row = Reconciliation.objects.get()
    assert (row.fault, row.checked_until) == ("ConnectError", None)
    assert reconcile_one(now) is False
    assert reconcile_one(now + EVERY) is True


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_simulated")
def test_keyword_in_a_lost_webhook_still_opts_out() -> None:
    account = line()
    lose(account, "STOP", timezone.now())
    assert fill(account) == 1
    assert Entry.objects.get(kind="consent").detail["purpose"] == "all"


@pytest.mark.django_db
def test_only_the_hub_asks_the_simulator(client: Client) -> None:
    account = line()
    assert client.get(f"/simulator/sms_twilio/{account.key}/2010-04-01/Accounts/AC0/Messages.json").status_code == 403


ADAPTER: Any = ADAPTERS["sms_twilio"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500, body=b"{}"),
        Answer(status=200, body=b"<html>"),
        Answer(status=200, body=b"{}"),
        Answer(status=200, body=b'{"messages": {}}'),
        Answer(status=200, body=b"[" * 100_000),
    ],
)
def test_what_is_no_list_is_an_error(answer: Answer) -> None:
    with pytest.raises(ListingError):
        ADAPTER.read_page(answer)


def test_odd_messages_of_a_list_are_passed_over() -> None:
    sent = "Fri, 20 Nov 2026 12:00:00 +0000"
    messages = [
        {
            "sid": "SM1",
            "direction": "inbound",
            "date_sent": sent,
            "from": "+1555",
            "to": "+1",
            "body": "é\x00",
            "num_media": "0",
        },
        {"sid": "SM2", "direction": "outbound-api", "date_sent": sent},
        {"sid": "SM3", "direction": "inbound", "date_sent": "yesterday"},
        {"direction": "inbound", "date_sent": sent},
        None,
        7,
    ]
    page = ADAPTER.read_page(Answer(status=200, body=json.dumps({"messages": messages}).encode()))
    [listed] = page.messages
    assert (listed.message_id, listed.at) == ("SM1", datetime(2026, 11, 20, 12, tzinfo=UTC))
    assert b"Body=%C3%A9&" in listed.body


def test_media_of_a_listed_message_are_named_as_the_webhook_names_them() -> None:
    listed = Listed(message_id="SM1", at=timezone.now(), body=b"MessageSid=SM1&NumMedia=1", more="/x")
    said = {
        "media_list": [{"uri": "/2010-04-01/Accounts/AC1/Messages/SM1/Media/ME1.json", "content_type": "image/png"}]
    }
    whole = ADAPTER.add_more(listed, Answer(status=200, body=json.dumps(said).encode()))
    assert whole.more == ""
    assert whole.body == (
        b"MessageSid=SM1&NumMedia=1"
        b"&MediaUrl0=https%3A%2F%2Fapi.twilio.com%2F2010-04-01%2FAccounts%2FAC1%2FMessages%2FSM1%2FMedia%2FME1"
        b"&MediaContentType0=image%2Fpng"
    )


@pytest.mark.parametrize("place", ["https://evil.example/2010-04-01/Accounts/", "//evil.example/", "/etc", ""])
def test_credentials_go_to_no_other_place(place: str) -> None:
    with pytest.raises(ListingError):
        ADAPTER.ask(AccountSettings(), place, api_url="https://api.twilio.com")
