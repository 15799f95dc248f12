"""Rotating what an account is signed with, and what its secrets are encrypted with."""

import logging
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from channels_ingest import accounts
from channels_ingest.models import AccountSecret
from profiles.models import ChannelAccount
from tests.conftest import APP_SECRET, VERIFY_TOKEN, Deliver, whatsapp_text


def connect(*more: str) -> None:
    call_command("connect", "whatsapp_cloud", "--name", "Orders", *more)
    accounts._cache.clear()


def held(account: ChannelAccount) -> dict[str, list[str]]:
    return {name: list(values) for name, values in accounts.settings_of(account).secrets.items()}


def test_forgetting_leaves_only_the_values_given_now(deliver: Deliver, whatsapp: ChannelAccount) -> None:
    connect("--set", "app_secret=the-new-one")
    assert held(whatsapp) == {"app_secret": ["the-new-one", APP_SECRET], "verify_token": [VERIFY_TOKEN]}
    connect("--set", "app_secret=the-new-one", "--forget-old")
    assert held(whatsapp) == {"app_secret": ["the-new-one"], "verify_token": [VERIFY_TOKEN]}
    assert deliver(whatsapp_text("old", wamid="w.1")).status_code == 401
    assert deliver(whatsapp_text("new", wamid="w.2"), secret="the-new-one").status_code == 200


@pytest.mark.parametrize(
    "name", ["", " ", "a" * 121, "a\nb", "a\x00", "\u200b", "\u200d", "a\u202eb", " Orders", "\ud800"]
)
def test_line_has_a_name_that_can_be_read(db: None, name: str) -> None:
    with pytest.raises(accounts.ConnectError, match="--name: expected 1 to 120 visible characters"):
        accounts.connect("whatsapp_cloud", name=name, values={"app_secret": "s", "verify_token": "t"})
    assert not ChannelAccount.objects.exists()


@pytest.mark.parametrize("name", ["a", "é" * 120, "Front desk №1", "می\u200cخواهم", "👩\u200d👧"])
def test_name_of_a_line_may_be_in_any_script(db: None, name: str) -> None:
    accounts.connect("whatsapp_cloud", name=name, values={"app_secret": "s", "verify_token": "t"})
    assert ChannelAccount.objects.get().name == name


def test_secret_key_is_rotated_by_way_of_its_fallbacks(
    deliver: Deliver, whatsapp: ChannelAccount, settings: Any
) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the next key", [settings.SECRET_KEY]
    assert held(whatsapp)["app_secret"] == [APP_SECRET]
    connect("--set", f"app_secret={APP_SECRET}", "--set", f"verify_token={VERIFY_TOKEN}", "--forget-old")
    settings.SECRET_KEY_FALLBACKS = []
    assert held(whatsapp) == {"app_secret": [APP_SECRET], "verify_token": [VERIFY_TOKEN]}
    assert AccountSecret.objects.count() == 2
    assert deliver(whatsapp_text("hello", wamid="w.1")).status_code == 200


def test_deliveries_of_a_lost_key_are_to_be_sent_again_and_said_so_by_account_only(
    client: Client, deliver: Deliver, whatsapp: ChannelAccount, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    right, settings.SECRET_KEY = settings.SECRET_KEY, "another key"
    with caplog.at_level(logging.ERROR, "cxhub"):
        answer = deliver(whatsapp_text("hello", wamid="w.1"))
        asked = client.get(f"/webhooks/whatsapp_cloud/{whatsapp.key}/", {"hub.verify_token": VERIFY_TOKEN})
    assert (answer.status_code, answer["Retry-After"], asked.status_code) == (503, "5", 503)
    ours = [record for record in caplog.records if record.name.startswith("cxhub.")]
    assert {record.getMessage() for record in ours} == {
        "secret cannot be decrypted: SECRET_KEY is another than it was",
        "delivery not verified: SECRET_KEY is another than it was",
    }
    assert {record.account for record in ours} == {whatsapp.pk}  # type: ignore[attr-defined]
    settings.SECRET_KEY = right
    accounts._cache.clear()
    assert deliver(whatsapp_text("hello", wamid="w.1")).status_code == 200
    assert deliver(whatsapp_text("hello", wamid="w.2"), secret="wrong").status_code == 401


def test_secret_that_can_be_decrypted_counts_beside_a_lost_one(
    deliver: Deliver, whatsapp: ChannelAccount, settings: Any
) -> None:
    settings.SECRET_KEY = "another key"
    connect("--set", "app_secret=given-again", "--set", f"verify_token={VERIFY_TOKEN}")
    assert deliver(whatsapp_text("hello", wamid="w.1"), secret="given-again").status_code == 200
    assert deliver(whatsapp_text("hello", wamid="w.2"), secret="wrong").status_code == 401


def test_start_tells_the_accounts_whose_secrets_are_lost(
    whatsapp: ChannelAccount, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    accounts.log_lost_secrets()
    assert not caplog.records
    settings.SECRET_KEY = "another key"
    accounts.log_lost_secrets()
    assert [record.account for record in caplog.records] == [whatsapp.pk] * 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("number", ["+1 202 555 0111", "+1 (202) 555-0111", "202.555.0111", "whatsapp:+1 2025550111"])
@pytest.mark.parametrize(("provider", "secret"), [("sms_twilio", "auth_token"), ("sms_vonage", "signature_secret")])
def test_own_number_written_for_people_is_refused_since_no_delivery_names_it(
    db: None, provider: str, secret: str, number: str
) -> None:
    with pytest.raises(accounts.ConnectError, match="from: expected a number as the provider writes it"):
        accounts.connect(provider, name="Texts", values={secret: "s" * 32, "from": number})


@pytest.mark.parametrize(
    "own", ["+12025550111", "12025550111", "whatsapp:+12025550111", "MG" + "0" * 32, "12345", "Acme"]
)
def test_own_number_as_the_provider_writes_it_is_taken(db: None, own: str) -> None:
    accounts.connect("whatsapp_twilio", name="Texts", values={"auth_token": "s", "from": own})
