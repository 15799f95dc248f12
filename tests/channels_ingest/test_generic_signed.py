"""The generic gateway: its signature beside the reference library, how far it is believed, how it sends."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from channels_ingest.accounts import ConnectError, connect
from channels_ingest.adapters.base import AccountSettings, Delivery, PayloadError
from channels_ingest.adapters.fetching import FetchesMedia
from channels_ingest.adapters.generic_signed import ADAPTER, GenericSigned
from channels_ingest.adapters.sending import (
    Accepted,
    Answer,
    CannotSendError,
    Outgoing,
    OutgoingFile,
    Refused,
    Template,
    TryLater,
    Unclear,
)
from tests.channels_ingest.describing import PAYLOADS, RECEIVED_AT, described

VECTOR = json.loads((PAYLOADS / "signature-vectors.json").read_text())["standard_webhooks"]
SECRET = VECTOR["secret"]


def verify(
    signature: str, *, body: bytes = b"{}", message_id: str = "msg_1", at: datetime = RECEIVED_AT, **more: str
) -> bool:
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
        **more,
    }
    delivery = Delivery(body=body, headers=headers, received_at=RECEIVED_AT)
    return ADAPTER.verify(delivery, AccountSettings(secrets={"secret": (SECRET,)}))


def sign(body: bytes = b"{}", message_id: str = "msg_1", at: datetime = RECEIVED_AT, secret: str = SECRET) -> str:
    return str(Webhook(secret).sign(message_id, at, body.decode()))


def read(*said: Any, **plain: str) -> list[dict[str, Any]]:
    delivery = Delivery(body=json.dumps(list(said)).encode(), headers={})
    return [described(located) for located in ADAPTER.normalise(delivery, AccountSettings(plain=plain), RECEIVED_AT)]


def message(**fields: Any) -> dict[str, Any]:
    return {"type": "message", "id": "m-1", "at": "2026-03-01T14:05:00Z", "from": "+14155550123", "text": "hi"} | fields


# The signature


def test_vector_of_the_specification_is_good_at_its_time() -> None:
    at = datetime.fromtimestamp(int(VECTOR["webhook-timestamp"]), UTC)
    headers = {name: VECTOR[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    account = AccountSettings(secrets={"secret": (SECRET,)})
    for received_at, is_good in [(at, True), (at + timedelta(seconds=299), True), (at + timedelta(seconds=301), False)]:
        delivery = Delivery(body=VECTOR["body"].encode(), headers=headers, received_at=received_at)
        assert ADAPTER.verify(delivery, account) is is_good


def test_any_signature_of_the_list_may_be_the_good_one() -> None:
    good = sign()
    for listed in (f"v1,x {good}", f"{good} v1,x", f"v1a,abc {good}", f"  {good}  "):
        assert verify(listed)
    for listed in (good.replace("v1,", "v2,"), good[3:], f"v1,,{good[3:]}", f"{good},", good.replace(",", " "), "v1"):
        assert not verify(listed)
    assert not verify(" ".join(["v1,x"] * 20 + [good]))


@pytest.mark.parametrize(
    "stamp", ["nan", "inf", "1e9", "-1", "", " 1795176000", "1795176000.0", "١٧٩٥١٧٦٠٠٠", "9" * 11]
)
def test_odd_stamp_is_refused(stamp: str) -> None:
    assert not verify(sign(), **{"webhook-timestamp": stamp})


def test_signature_is_for_one_id_and_one_body() -> None:
    assert verify(sign())
    assert not verify(sign(), message_id="msg_2")
    assert not verify(sign(), body=b"{ }")
    assert not verify(sign(), body=b"\xff")
    assert not verify(sign(message_id=""), message_id="")
    assert not verify(sign(message_id="\u0101"), message_id="\u0101")


def test_bytes_that_are_no_text_are_signed_as_they_are() -> None:
    body = '[{"text": "für"}]'.encode("latin-1")
    content = f"msg_1.{int(RECEIVED_AT.timestamp())}.".encode() + body
    digest = hmac.digest(base64.b64decode(SECRET.removeprefix("whsec_")), content, "sha256")
    assert verify(f"v1,{base64.b64encode(digest).decode()}", body=body)
    assert not verify(f"v1,{base64.b64encode(digest).decode()}", body=body + b" ")


@pytest.mark.parametrize("secret", ["x", "whsec_", "whsec_===", "whsec_!"])
def test_secret_that_is_none_cannot_be_connected_and_verifies_nothing(db: None, secret: str) -> None:
    with pytest.raises(ConnectError, match="secret: expected base64"):
        connect("generic_signed", name="Gateway", values={"secret": secret})
    delivery = Delivery(
        body=b"{}", headers={"webhook-signature": sign(), "webhook-id": "msg_1"}, received_at=RECEIVED_AT
    )
    assert not ADAPTER.verify(delivery, AccountSettings(secrets={"secret": (secret,)}))


@settings(max_examples=300, deadline=None)
@given(
    body=st.text(st.characters(codec="utf-8"), max_size=8).map(str.encode),
    signed_body=st.text(st.characters(codec="utf-8"), max_size=8).map(str.encode),
    is_same=st.booleans(),
    age=st.integers(-400, 400),
    extra=st.sampled_from(["", "v1,AAAA ", "v1a,x "]),
)
def test_what_is_good_here_is_good_to_the_library_and_the_reverse(
    body: bytes, signed_body: bytes, is_same: bool, age: int, extra: str
) -> None:
    now = datetime.now(UTC)
    if abs(abs(age) - 300) < 5:  # the library looks at its own clock
        return
    body = signed_body if is_same else body
    at = now - timedelta(seconds=age)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": extra + sign(signed_body, at=at),
    }
    try:
        Webhook(SECRET).verify(body, headers, json_parse=False)
        verdict = True
    except WebhookVerificationError:
        verdict = False
    delivery = Delivery(body=body, headers=headers, received_at=now)
    assert ADAPTER.verify(delivery, AccountSettings(secrets={"secret": (SECRET,)})) is verdict


def test_key_is_that_of_id_and_body_and_not_of_the_attempt() -> None:
    def key(message_id: str, body: bytes, stamp: str) -> str:
        return ADAPTER.delivery_key(Delivery(body=body, headers={"webhook-id": message_id, "webhook-timestamp": stamp}))

    assert key("a", b"1", "1") == key("a", b"1", "2")
    assert len({key("a", b"1", "1"), key("b", b"1", "1"), key("a", b"2", "1"), key("a\x00", b"1", "1")}) == 4


# How far it is believed


@pytest.mark.parametrize(
    ("trust", "stated", "grades"),
    [
        ("", None, ["weak", "claimed", "claimed"]),
        ("", "proved", ["weak", "claimed", "claimed"]),
        ("weak", "proved", ["weak", "claimed", "claimed"]),
        ("", "claimed", ["claimed", "claimed", "claimed"]),
        ("proved", None, ["weak", "claimed", "claimed"]),
        ("proved", "proved", ["proved", "proved", "proved"]),
        ("proved", "weak", ["weak", "weak", "weak"]),
        ("proved", "claimed", ["claimed", "claimed", "claimed"]),
    ],
)
def test_grade_is_capped_by_the_account_and_by_the_gateway(trust: str, stated: str | None, grades: list[str]) -> None:
    identifiers = [
        {"kind": "phone", "value": "+14155550199"},
        {"kind": "email", "value": "mira@customer.example"},
        {"kind": "customer_id", "value": "42", "scope": "shop"},
    ]
    if stated:
        identifiers = [each | {"grade": stated} for each in identifiers]
    [found] = read(message(**{"from": {"address": "tg:1", "identifiers": identifiers}}), sender_trust=trust)
    assert [each.rsplit(" ", 1)[1] for each in found["sender"]["identifiers"]] == grades


def test_address_that_is_a_number_is_weak_even_of_a_believed_gateway() -> None:
    [found] = read(message(), sender_trust="proved")
    assert found["sender"] == {"address": "+14155550123", "identifiers": ["phone:+14155550123 weak"]}


def test_number_stated_with_a_grade_is_not_doubled_by_the_address() -> None:
    listed = [{"kind": "phone", "value": "+1 415 555 0123", "grade": "proved"}]
    [found] = read(message(**{"from": {"address": "+14155550123", "identifiers": listed}}), sender_trust="proved")
    assert found["sender"]["identifiers"] == ["phone:+14155550123 proved"]


@pytest.mark.parametrize("address", ["32665", "ACME", "tg:1", "4155550123", "#31#"])
def test_address_that_is_no_number_joins_nobody(address: str) -> None:
    [found] = read(message(**{"from": address}))
    assert found["sender"] == {"address": address}


# What is wrong says so and costs its neighbours nothing


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (7, "expected an object"),
        ({}, "type (no code word): expected one of message, edit, revoke, status, consent"),
        (message(id=""), "id: expected the gateway's id of it"),
        (message(text=""), "text: expected a text, or attachments with web addresses"),
        (message(text=["hi"]), "text: expected a text, or attachments with web addresses"),
        (message(direction="up"), "direction: expected in or out"),
        (message(direction="out"), "from: expected the customer's address"),
        (message(**{"from": {"address": "\x00"}}), "from: expected the customer's address"),
        (
            message(**{"from": {"address": "a", "identifiers": [{"kind": "customer_id", "value": "4711"}]}}),
            "from.identifiers[0].scope: a customer_id needs the name of the system that gave it out",
        ),
        (
            message(
                **{
                    "from": {
                        "address": "a",
                        "identifiers": [{"kind": "email", "value": "a@b.example", "grade": "decided"}],
                    }
                }
            ),
            "from.identifiers[0].grade: expected proved, weak or claimed",
        ),
        (
            message(**{"from": {"address": "a", "identifiers": {}}}),
            "from.identifiers: expected a list of at most 8",
        ),
        (
            {"type": "status", "id": "g", "status": "gone"},
            "status gone: expected one of delivered, failed, queued, read, sent",
        ),
        ({"type": "status", "status": "sent"}, "id: expected the id that the answer to the send gave"),
        ({"type": "edit", "id": "e"}, "message: expected the id of the message"),
        ({"type": "consent", "id": "c", "from": "a", "granted": 1}, "granted: expected true or false"),
        (
            {"type": "consent", "id": "c", "from": "a", "granted": True, "purpose": "x"},
            "purpose: expected all or marketing",
        ),
    ],
)
def test_wrong_object_is_named_and_spares_its_neighbours(said: Any, reason: str) -> None:
    before, reported, after = read(message(id="m-0"), said, message(id="m-2"))
    assert (before["provider_message_id"], after["provider_message_id"]) == ("m-0", "m-2")
    assert (reported["item"], reported["path"], reported["reason"]) == ("NotUnderstood", "[1]", reason)


@pytest.mark.parametrize("body", [b"[]", b"7", b"null", json.dumps([{}] * 1_001).encode()])
def test_body_that_is_no_list_of_items_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(PayloadError):
        ADAPTER.normalise(Delivery(body=body, headers={}), AccountSettings(), RECEIVED_AT)


def test_source_of_the_account_is_the_scope_of_its_own_ids() -> None:
    listed = [{"kind": "customer_id", "value": "4711"}]
    [found] = read(message(**{"from": {"address": "a", "identifiers": listed}}), source="clinic")
    assert found["sender"]["identifiers"] == ["customer_id@clinic:4711 claimed"]


# Sending


def outgoing(**more: Any) -> Outgoing:
    return Outgoing(reference="r", address="tg:1", text="hi", status_url="", **more)


def test_call_is_as_documented() -> None:
    account = AccountSettings(
        plain={"send_url": "https://gw.example/send", "from": "+1202"}, secrets={"send_token": ("t",)}
    )
    file = OutgoingFile(name="a.png", mime_type="image/png", content=b"", link="https://hub.example/f")
    template = Template(name="late", language="de", parameters=("Mira",))
    request = GenericSigned().render(outgoing(answers="m-1", files=(file,), template=template), account, api_url="")
    assert (request.method, request.url) == ("POST", "https://gw.example/send")
    assert (request.headers["authorization"], request.headers["idempotency-key"]) == ("Bearer t", "r")
    assert json.loads(request.body) == {
        "type": "message",
        "reference": "r",
        "to": "tg:1",
        "from": "+1202",
        "text": "hi",
        "reply_to": "m-1",
        "attachments": [{"url": "https://hub.example/f", "mime_type": "image/png", "name": "a.png"}],
        "template": {"name": "late", "language": "de", "parameters": ["Mira"]},
    }
    with pytest.raises(CannotSendError):
        GenericSigned().render(
            outgoing(files=(OutgoingFile(name="a", mime_type="", content=b""),)), account, api_url=""
        )


def answered(status: int, body: Any = None, **headers: str) -> object:
    return GenericSigned().read_answer(Answer(status=status, body=json.dumps(body).encode(), headers=headers))


def test_answers_are_outcomes() -> None:
    assert answered(200, {"id": "gw-1"}) == Accepted(provider_message_id="gw-1")
    assert isinstance(answered(200, {}), Unclear)
    assert isinstance(answered(503), Unclear)
    pause = answered(503, **{"retry-after": "9"})
    assert isinstance(pause, TryLater)
    assert pause.after_seconds == 9.0
    error = {"code": "blocked", "message": "+14155550123 blocked us", "closes": "opted_out"}
    assert answered(422, {"error": error}) == Refused(code="blocked", reason="… blocked us", closes="opted_out")
    assert answered(422, {"error": {"closes": ["x"]}}) == Refused(code="422", reason="the gateway did not say why")
    assert answered(401, {"error": error}) == Refused(
        code="blocked", reason="the gateway refuses the line's token: check send_token"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("send_url", "ftp://gw.example"),
        ("send_url", "https://user@gw.example/"),
        ("send_url", "https://"),
        ("send_url", "https://[/"),
        ("send_url", "https://gw.example/#x"),
        ("send_url", "http://gw.example/send"),
        ("channel", "email"),
        ("channel", "telegram"),
        ("send_url", "http://127.0.0.1.gw.example/send"),
        ("sender_trust", "yes"),
        ("send_token", "two words"),
        ("send_token", "geheim\n"),
    ],
)
def test_wrong_setting_is_named(db: None, name: str, value: str) -> None:
    with pytest.raises(ConnectError, match=name):
        connect("generic_signed", name="Gateway", values={"secret": SECRET, name: value})


def test_gateway_is_shown_as_the_channel_that_it_names(db: None) -> None:
    line = connect("generic_signed", name="Gateway", values={"secret": SECRET})
    assert line.channel == "sms"
    assert connect("generic_signed", name="Gateway", values={"channel": "whatsapp"}).channel == "whatsapp"
    assert connect("generic_signed", name="Gateway", values={"source": "crm"}).channel == "whatsapp"
    line.refresh_from_db()
    assert line.channel == "whatsapp"
    assert connect("sms_vonage", name="Vonage", values={"signature_secret": "s" * 32}).channel == "sms"


@pytest.mark.parametrize("value", ["https://gw.example/send", "http://127.0.0.1:9000/send", "http://[::1]/send"])
def test_gateway_is_spoken_to_in_clear_on_this_machine_only(db: None, value: str) -> None:
    assert connect("generic_signed", name="Gateway", values={"secret": SECRET, "send_url": value}).pk


def test_files_are_fetched_by_their_links_without_credentials() -> None:
    account = AccountSettings(secrets={"send_token": ("t",), "secret": (SECRET,)})
    adapter = GenericSigned()
    request = adapter.media_request({"link": "https://gw.example/f/1?k=2"}, account, api_url="")
    assert request is not None
    assert (request.url, dict(request.headers)) == ("https://gw.example/f/1?k=2", {})
    simulated = adapter.media_request(
        {"link": "https://gw.example/f/1"}, account, api_url="http://127.0.0.1:8000/simulator/g/k"
    )
    assert simulated is not None
    assert simulated.url == "http://127.0.0.1:8000/simulator/g/k/f/1"
    assert adapter.media_request({"link": "javascript:1"}, account, api_url="") is None
    assert isinstance(adapter, FetchesMedia)
