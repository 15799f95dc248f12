"""What only Amazon's way asks for: whose certificate is believed, errands off the request, signed requests."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA1
from django.test import Client

from channels_ingest import envelopes, pipeline
from channels_ingest.accounts import connect
from channels_ingest.adapters.base import CannotVerifyError
from channels_ingest.adapters.mail.sigv4 import signed_headers
from channels_ingest.adapters.mail.sns import (
    certificate_url,
    confirmation_url,
    is_signed,
    simulated_signature,
    string_to_sign,
)
from channels_ingest.errands import ErrandError, run_due
from channels_ingest.models import Envelope, Errand
from cxhub.doctor import installation
from profiles.models import ChannelAccount
from tests.channels_ingest.conformance.providers.email_ses import ANOTHER, CERTIFICATE, KEY, PEM, TOPIC, sign
from tests.conftest import payload
from timeline.models import Entry

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def mailbox(db: None) -> ChannelAccount:
    values = {
        "topic_arn": TOPIC,
        "region": "eu-west-1",
        "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": "wJalrXUtnFEMI",
        "from": "support@hub.example.com",
    }
    return connect("email_ses", name="Support", values=values)


def post(client: Client, account: ChannelAccount, body: bytes, topic: str = TOPIC) -> int:
    signed = sign(body, secret=topic, url="", at=NOW)
    answer = client.post(f"/webhooks/email_ses/{account.key}/", signed.body, content_type="text/plain")
    pipeline.drain()
    return answer.status_code


@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        (CERTIFICATE, True),
        ("https://sns.eu-west-1.amazonaws.com.cn/SimpleNotificationService-1.pem", True),
        ("http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem", False),
        ("https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem", False),
        ("https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-1.pem", False),
        ("https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem", False),
        ("https://a@sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem", False),
        ("https://sns.eu-west-1.amazonaws.com:444/SimpleNotificationService-1.pem", False),
        ("https://sns.eu-west-1.amazonaws.com/bucket/SimpleNotificationService-1.pem", False),
        ("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem?x=1", False),
        ("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem#x", False),
        ("https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-1.pem", False),
        ("https://[", False),
        (None, False),
    ],
)
def test_certificate_comes_from_amazons_own_host_in_the_topics_region(url: object, is_good: bool) -> None:
    assert bool(certificate_url(url, TOPIC)) is is_good


def test_certificate_is_asked_for_only_when_the_topic_is_ours() -> None:
    asked: list[str] = []

    def certificates(url: str) -> bytes:
        asked.append(url)
        return PEM

    body = sign(payload("ses-event-bounce-sns.json"), secret=ANOTHER, url="", at=NOW).body
    assert not is_signed(body, [TOPIC], certificates)
    assert not is_signed(body, [""], certificates)
    assert asked == []
    assert is_signed(body, [TOPIC, ANOTHER], certificates)
    assert asked == [CERTIFICATE]


@pytest.mark.parametrize(
    "signature",
    ["", "EXAMPLEw6JRN...", "é", base64.b64encode(b"x" * 128).decode(), base64.b64encode(b"x" * 255).decode()],
)
def test_certificate_is_not_asked_for_when_the_signature_can_be_none(signature: str) -> None:
    said = json.loads(sign(payload("ses-event-bounce-sns.json"), secret=TOPIC, url="", at=NOW).body)

    def certificates(url: str) -> bytes:
        raise AssertionError(url)

    assert not is_signed(json.dumps(said | {"Signature": signature}).encode(), [TOPIC], certificates)


def test_simulators_signature_is_good_by_the_hubs_own_key_only() -> None:
    said = json.loads(sign(payload("ses-event-bounce-sns.json"), secret=TOPIC, url="", at=NOW).body)
    said |= {"SignatureVersion": "simulated"}
    said["Signature"] = simulated_signature(string_to_sign(said) or "", b"the hub's")
    body = json.dumps(said).encode()
    assert is_signed(body, [TOPIC], lambda url: PEM, own_keys=[b"the hub's"])
    assert not is_signed(body, [TOPIC], lambda url: PEM, own_keys=[b"another"])
    assert not is_signed(body, [TOPIC], lambda url: PEM)
    assert not is_signed(body, [ANOTHER], lambda url: PEM, own_keys=[b"the hub's"])
    assert not is_signed(body.replace(b"jane", b"jade"), [TOPIC], lambda url: PEM, own_keys=[b"the hub's"])


def test_older_signature_version_is_checked_as_well() -> None:
    said = json.loads(sign(payload("ses-event-bounce-sns.json"), secret=TOPIC, url="", at=NOW).body)
    said["SignatureVersion"] = "1"
    signature = KEY.sign((string_to_sign(said) or "").encode(), padding.PKCS1v15(), SHA1())
    said["Signature"] = base64.b64encode(signature).decode()
    assert is_signed(json.dumps(said).encode(), [TOPIC], lambda url: PEM)
    said["SignatureVersion"] = "2"
    assert not is_signed(json.dumps(said).encode(), [TOPIC], lambda url: PEM)


def test_delivery_is_asked_for_again_while_the_certificate_cannot_be_had(
    client: Client, mailbox: ChannelAccount
) -> None:
    said = json.loads(sign(payload("ses-event-bounce-sns.json"), secret=TOPIC, url="", at=NOW).body)
    said["SigningCertURL"] = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-notcached.pem"

    def away(url: str) -> bytes:
        raise CannotVerifyError("away")

    from channels_ingest.adapters.email_ses import AmazonSes
    from channels_ingest.registry import ADAPTERS

    adapter = ADAPTERS["email_ses"]
    assert isinstance(adapter, AmazonSes)
    loaded, adapter.certificates = adapter.certificates, away
    try:
        answer = client.post(f"/webhooks/email_ses/{mailbox.key}/", json.dumps(said), content_type="text/plain")
    finally:
        adapter.certificates = loaded
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_confirmation_is_called_at_the_topics_own_host_whatever_address_came_along() -> None:
    assert confirmation_url(TOPIC, "2336412f37") == (
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
        "&TopicArn=arn:aws:sns:eu-west-1:123456789012:conformance&Token=2336412f37&AuthenticateOnUnsubscribe=true"
    )
    assert confirmation_url("arn:aws:sns:evil.example/:123456789012:x", "1") == ""
    assert confirmation_url(TOPIC, "1&Action=DeleteTopic") == ""


def test_subscription_to_our_topic_is_confirmed_once_and_its_token_forgotten(
    client: Client, mailbox: ChannelAccount
) -> None:
    asked: list[str] = []

    def get(url: str, headers: Mapping[str, str], most_bytes: int) -> bytes:
        asked.append(url)
        return b"<ok/>"

    confirmation = json.loads(payload("sns-subscription-confirmation.json"))
    assert post(client, mailbox, json.dumps(confirmation).encode()) == 200
    assert post(client, mailbox, json.dumps(confirmation).encode(), topic=ANOTHER) == 403
    assert (run_due(get=get), run_due(get=get)) == (1, 0)
    assert len(asked) == 1
    assert asked[0].startswith("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription")
    errand = Errand.objects.get()
    assert (errand.detail, errand.fault, errand.next_attempt_at) == ({}, "", None)


def test_mail_that_lies_in_s3_is_announced_then_fetched_into_the_same_entry(
    client: Client, mailbox: ChannelAccount
) -> None:
    raw = b"From: sender@example.com\r\nSubject: Example subject\r\n\r\nthe whole mail"
    seen: list[tuple[str, Mapping[str, str]]] = []

    def get(url: str, headers: Mapping[str, str], most_bytes: int) -> bytes:
        seen.append((url, headers))
        return raw

    assert post(client, mailbox, payload("ses-inbound-received-s3-alert.composed.json")) == 200
    entry = Entry.objects.get()
    assert (entry.is_placeholder, entry.detail["subject"]) == (True, "Example subject")
    assert run_due(get=get) == 1
    pipeline.drain()
    filled = Entry.objects.get()
    assert (filled.id, filled.is_placeholder, filled.text) == (entry.id, False, "the whole mail")
    assert seen[0][0] == "https://s3.eu-west-1.amazonaws.com/my-S3-bucket/email"
    assert seen[0][1]["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert seen[0][1]["x-amz-content-sha256"] == hashlib.sha256(b"").hexdigest()
    assert Envelope.objects.filter(state="processed").count() == 2


def refusing(error: Exception) -> Callable[..., bytes]:
    def get(url: str, headers: Mapping[str, str], most_bytes: int) -> bytes:
        raise error

    return get


@pytest.mark.parametrize("error", [ErrandError("status_403"), httpx.ConnectTimeout("slow")])
def test_errand_that_fails_is_tried_again_later_and_given_up_in_the_end(
    client: Client, mailbox: ChannelAccount, error: Exception
) -> None:
    post(client, mailbox, payload("ses-inbound-received-s3-alert.composed.json"))
    for attempt in range(1, 8):
        assert run_due(get=refusing(error)) == 1
        assert run_due(get=refusing(error)) == 0
        errand = Errand.objects.get()
        assert errand.attempts == attempt
        assert errand.fault in ("status_403", "ConnectTimeout")
        assert (errand.next_attempt_at is None) is (attempt == 7)
        Errand.objects.exclude(next_attempt_at=None).update(next_attempt_at=NOW)
    assert Entry.objects.get().is_placeholder
    assert any("could not be had" in finding.says for finding in installation.inbox())
    connect("email_ses", name="Support", values={"region": "eu-central-1"})
    assert run_due(get=refusing(error)) == 1
    Errand.objects.update(next_attempt_at=None)
    envelopes.replay(Envelope.objects.values_list("id", flat=True))
    pipeline.drain()
    assert run_due(get=lambda url, headers, most_bytes: b"From: sender@example.com\r\n\r\nhere") == 1
    pipeline.drain()
    assert Entry.objects.get().text == "here"


#: AWS' own examples: "Signature Version 4 test suite", and "Elements of an AWS API request signature".
VECTORS: list[tuple[str, str, dict[str, str], bytes, str, str]] = [
    ("GET", "https://example.amazonaws.com/", {}, b"", "service",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1", {}, b"", "service",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    ("POST", "https://example.amazonaws.com/", {}, b"", "service",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ("GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
     {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, b"", "iam",
     "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "url", "headers", "body", "service", "signature"), VECTORS)
def test_requests_are_signed_as_amazon_publishes(
    method: str, url: str, headers: dict[str, str], body: bytes, service: str, signature: str
) -> None:
    signed: dict[str, Any] = signed_headers(
        method,
        url,
        headers,
        body,
        access_key_id="AKIDEXAMPLE",
        secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        region="us-east-1",
        service=service,
        at=datetime(2015, 8, 30, 12, 36, tzinfo=UTC),
    )
    assert signed["authorization"].endswith(f"Signature={signature}")
