"""Consent, blocks and spam over HTTP, in the role of an agent."""

from typing import Any

import pytest
from django.test import Client

from profiles.models import ChannelIdentity, ConsentEvent, Role
from tests.api.test_identity_api import Api, TokenFor
from tests.channels_ingest.saying import Customer, account
from timeline.models import Entry, QueueRow


@pytest.fixture
def api(client: Client, token_for: TokenFor) -> Api:
    return Api(client, token_for(Role.AGENT))


@pytest.fixture
def mira(db: None) -> Customer:
    customer = Customer(account("sms"))
    customer.writes("Hello", 0)
    return customer


def test_what_a_customer_said_binds_the_address_and_stands_on_the_timeline(api: Api, mira: Customer) -> None:
    profile, seat = mira.identity.profile_id, mira.identity.pk
    said = {"channel_identity": seat, "said": "no_marketing", "reason": "told me on the phone"}
    assert api.post(f"profiles/{profile}/consent", **said) == {"changed": True}
    assert api.post(f"profiles/{profile}/consent", **said) == {"changed": False}
    event = ConsentEvent.objects.get()
    assert (event.purpose, event.is_granted, event.source, event.reason) == (
        "marketing", False, "agent", "told me on the phone",
    )  # fmt: skip
    assert event.actor is not None
    line = Entry.objects.get(kind="consent")
    assert (line.channel_identity_id, line.detail["reason"]) == (seat, "told me on the phone")
    [shown] = api.get(f"profiles/{profile}/")["consents"]
    assert (shown["purpose"], shown["is_granted"]) == ("marketing", False)


def test_blocked_addresses_wait_for_nobody_and_unblocked_ones_do_again(api: Api, mira: Customer) -> None:
    profile, seat = mira.identity.profile_id, mira.identity.pk
    assert QueueRow.objects.get(pk=profile).waiting_since is not None
    assert api.post(f"profiles/{profile}/block", reason="insults") == {"changed": True}
    assert ChannelIdentity.objects.get(id=seat).blocked_at is not None
    assert not QueueRow.objects.filter(pk=profile, waiting_since__isnull=False).exists()
    assert api.post(f"profiles/{profile}/block", channel_identities=[seat]) == {"changed": False}
    assert api.post(f"profiles/{profile}/unblock", channel_identities=[seat]) == {"changed": True}
    assert QueueRow.objects.get(pk=profile).waiting_since is not None
    assert [e.detail["type"] for e in Entry.objects.filter(kind="work").order_by("id")] == ["blocked", "unblocked"]


def test_message_is_spam_and_none_after_all(api: Api, mira: Customer) -> None:
    entry = Entry.objects.get(kind="message")
    assert api.post(f"messages/{entry.pk}/spam", is_spam=True, reason="an advertisement") == {"changed": True}
    assert Entry.objects.get(id=entry.pk).set_aside == "spam"
    assert api.post(f"messages/{entry.pk}/spam", is_spam=True) == {"changed": False}
    assert api.post(f"messages/{entry.pk}/spam", is_spam=False) == {"changed": True}
    assert Entry.objects.get(id=entry.pk).set_aside == ""


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("consent", {"said": "maybe", "reason": "x"}, "said"),
        ("consent", {"said": "nothing"}, "reason"),
        ("consent", {"said": "nothing", "reason": "x", "channel_identity": 99_999}, "channel_identity"),
        ("block", {"channel_identities": [99_999]}, "channel_identities"),
        ("block", {"channel_identities": ["x"]}, "channel_identities"),
        ("unblock", {"channel_identities": [2**70]}, "channel_identities"),
    ],
)
def test_wrong_call_is_told_what_is_wrong(
    client: Client, token_for: TokenFor, mira: Customer, path: str, body: dict[str, Any], field: str
) -> None:
    body = {"channel_identity": mira.identity.pk} | body if path == "consent" else body
    url = f"/api/v1/profiles/{mira.identity.profile_id}/{path}/"
    headers = token_for(Role.AGENT)
    answer = client.post(url, body, content_type="application/json", headers=headers)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not ConsentEvent.objects.exists()


def test_address_of_another_customer_is_refused(client: Client, token_for: TokenFor, mira: Customer) -> None:
    other = Customer(account("sms"), "+15550100099")
    other.writes("hi", 1)
    headers = token_for(Role.AGENT)
    said = {"channel_identity": other.identity.pk, "said": "nothing", "reason": "x"}
    url = f"/api/v1/profiles/{mira.identity.profile_id}/consent/"
    assert client.post(url, said, content_type="application/json", headers=headers).status_code == 400
    assert (
        client.post("/api/v1/messages/999999/spam/", {"is_spam": True}, "application/json", headers=headers).status_code
        == 404
    )
