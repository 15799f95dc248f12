"""The receiver's promises: 200 is a committed row, everything else says what it is."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from channels_ingest.accounts import add_secret, connect
from channels_ingest.intake import intake
from channels_ingest.models import Envelope, IntakeCount
from profiles.models import ChannelAccount
from tests.conftest import APP_SECRET, VERIFY_TOKEN, Deliver, whatsapp_text


def url(account: ChannelAccount) -> str:
    return f"/webhooks/whatsapp_cloud/{account.key}/"


def test_signed_delivery_is_stored_as_the_bytes_that_came(deliver: Deliver) -> None:
    body = json.dumps(whatsapp_text("Ünïcode 🧵", wamid="wamid.1"), ensure_ascii=False).encode()
    assert deliver(body).status_code == 200
    assert bytes(Envelope.objects.get().body) == body


def test_second_delivery_is_answered_200_and_stored_once(deliver: Deliver, whatsapp: ChannelAccount) -> None:
    for _ in range(3):
        assert deliver(whatsapp_text("hello", wamid="wamid.1")).status_code == 200
    intake.flush()
    assert Envelope.objects.count() == 1
    assert IntakeCount.objects.get(account=whatsapp, outcome="duplicate").count == 2


@pytest.mark.parametrize(
    "signature",
    [None, "", "sha256=", "sha1=abc", "sha256=" + "0" * 64, "SHA256=%(good)s", "%(good)s", "sha256=%(good)s,sha256=x"],
)
def test_delivery_without_its_signature_is_refused_and_counted(
    client: Client, whatsapp: ChannelAccount, signature: str | None
) -> None:
    body = json.dumps(whatsapp_text("hello", wamid="wamid.1")).encode()
    good = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {} if signature is None else {"X-Hub-Signature-256": signature % {"good": good}}
    answer = client.post(url(whatsapp), body, content_type="application/json", headers=headers)
    intake.flush()
    assert answer.status_code == 401
    assert not Envelope.objects.exists()
    assert IntakeCount.objects.get(account=whatsapp, outcome="refused").count == 1


def test_old_and_new_secret_are_both_accepted_while_it_is_rotated(deliver: Deliver, whatsapp: ChannelAccount) -> None:
    assert deliver(whatsapp_text("before", wamid="wamid.0")).status_code == 200  # the receiver knows the line
    add_secret(whatsapp, "app_secret", "the-new-one")
    assert deliver(whatsapp_text("old", wamid="wamid.1")).status_code == 200
    assert deliver(whatsapp_text("new", wamid="wamid.2"), secret="the-new-one").status_code == 200
    assert deliver(whatsapp_text("no", wamid="wamid.3"), secret="another").status_code == 401


def test_word_of_the_handshake_is_good_as_soon_as_it_is_set(client: Client, whatsapp: ChannelAccount) -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "7", "hub.verify_token": "the-new-word"}
    assert client.get(url(whatsapp), asked).status_code == 403
    connect("whatsapp_cloud", name=whatsapp.name, values={"verify_token": "the-new-word"})
    answer = client.get(url(whatsapp), asked)
    assert (answer.status_code, answer.content) == (200, b"7")


def test_body_over_the_limit_is_413_whatever_its_length_header_says(client: Client, whatsapp: ChannelAccount) -> None:
    body = b" " * 4_000_001
    assert client.post(url(whatsapp), body, content_type="application/json").status_code == 413
    # Only the ten bytes that were claimed are read, and those nobody signed.
    lying: dict[str, Any] = {"CONTENT_LENGTH": "10"}
    assert client.post(url(whatsapp), body, content_type="application/json", **lying).status_code == 401


def test_unknown_account_is_404_and_a_disabled_one_too(
    client: Client, deliver: Deliver, whatsapp: ChannelAccount
) -> None:
    assert client.post("/webhooks/whatsapp_cloud/nobody/", b"{}", content_type="application/json").status_code == 404
    assert client.post("/webhooks/nonsense/nobody/", b"{}", content_type="application/json").status_code == 404
    ChannelAccount.objects.update(is_enabled=False)
    assert deliver(whatsapp_text("hello", wamid="wamid.1")).status_code == 404


@pytest.mark.parametrize("path", ["whatsapp_cloud/%00", "whatsapp_cloud/a%00b", "%00/k", "whatsapp_cloud/%ff%fe"])
def test_address_that_no_account_can_have_is_404_and_costs_no_connection(
    client: Client, whatsapp: ChannelAccount, path: str
) -> None:
    held = connection.connection
    assert client.post(f"/webhooks/{path}/", b"{}", content_type="application/json").status_code == 404
    assert connection.connection is held


def test_handshake_answers_the_challenge_to_the_right_token_only(client: Client, whatsapp: ChannelAccount) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY_TOKEN}
    right = client.get(url(whatsapp), query)
    wrong = client.get(url(whatsapp), {**query, "hub.verify_token": "meatyhamhock"})
    assert (right.status_code, right.content) == (200, b"1158201444")
    assert wrong.status_code == 403


@pytest.mark.django_db(transaction=True)
def test_delivery_that_cannot_be_stored_is_503_with_retry_after(deliver: Deliver) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE channels_ingest_envelope RENAME TO away")
    try:
        answer = deliver(whatsapp_text("hello", wamid="wamid.1"))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO channels_ingest_envelope")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert deliver(whatsapp_text("hello", wamid="wamid.1")).status_code == 200


def test_signed_garbage_is_stored_and_answered_200(deliver: Deliver) -> None:
    for body in (b"", b"\x00\xff", b"[]", b'{"object": "page"}', b"[" * 100_000):
        assert deliver(body).status_code == 200
    assert Envelope.objects.count() == 5
