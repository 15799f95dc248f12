"""What providers of mail say of a sender, against forgers who know how; anymail as another reader."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from anymail.inbound import AnymailInboundMessage

from channels_ingest.accounts import ConnectError, connect
from channels_ingest.adapters import email_mailgun, email_postmark, email_sendgrid
from channels_ingest.adapters.base import AccountSettings, Delivery, PayloadError
from channels_ingest.adapters.mail.forms import read_form
from channels_ingest.adapters.mail.reading import read_mail
from channels_ingest.messages import Message
from tests.channels_ingest.describing import PAYLOADS, RECEIVED_AT
from tests.conftest import payload

VICTIM = "vip@bank.example"


def read(adapter: Any, body: bytes) -> Message:
    delivery = Delivery(body=body, headers={})
    (located,) = adapter.normalise(delivery, AccountSettings(plain={}), RECEIVED_AT)
    assert isinstance(located.item, Message)
    return located.item


def postmark(headers: list[tuple[str, str]], *, sender: str = VICTIM, **more: Any) -> Message:
    said = {
        "FromFull": {"Email": sender, "Name": ""},
        "MessageID": "1",
        "TextBody": "hello",
        "Headers": [{"Name": name, "Value": value} for name, value in headers],
        **more,
    }
    return read(email_postmark.ADAPTER, json.dumps(said).encode())


SPF = "Pass (sender SPF authorized) identity=mailfrom; client-ip=1.2.3.4; helo=x; envelope-from=%s; receiver=a@hub"


HANDED_OVER = (
    "Received",
    "by p-pm-inboundg03a-aws-euwest1a.inbound.postmarkapp.com (Postfix, from userid 996)\tid C4B3",
)
TAKEN = (
    "Received",
    "from mx.x.test (mx.x.test [1.2.3.4])\t(No client certificate requested)\tby"
    " p-pm-inboundg03a-aws-euwest1a.inbound.postmarkapp.com (Postfix) with ESMTPS id F1\tfor <a@hub>; Mon, 26 May 2025",
)


def handed(*own: tuple[str, str], below: tuple[tuple[str, str], ...] = ()) -> list[tuple[str, str]]:
    """The fields as Postmark orders them: its own on top, and below what came with the mail."""
    return [("Return-Path", "<x@y.test>"), HANDED_OVER, *own, TAKEN, *below]


def spf(envelope_from: str, result: str = "Pass") -> tuple[str, str]:
    return "Received-SPF", SPF.replace("Pass", result) % envelope_from


SIGNED = ("X-Spam-Tests", "DKIM_SIGNED,DKIM_VALID,DKIM_VALID_AU,\tHTML_MESSAGE")
BANKS_DKIM = ("DKIM-Signature", "v=1; d=bank.example")


@pytest.mark.parametrize(
    ("headers", "standing"),
    [
        (handed(spf(VICTIM)), "proved"),
        (handed(spf("evil@attacker.test")), "unproved"),
        (handed(spf(VICTIM, "Fail")), "unproved"),
        (handed(spf(f'"{VICTIM}"')), "proved"),
        # What the sender's side chose, a name in HELO and a quoted local part, is no envelope's domain.
        (handed(("Received-SPF", SPF.replace("=x", f"=x;envelope-from={VICTIM}") % "evil@attacker.test")), "unproved"),
        (handed(spf(f'"{VICTIM}"@attacker.test')), "unproved"),
        (handed(spf(f'"{VICTIM} "@attacker.test')), "unproved"),
        (handed(("Received-SPF", "pass identity=helo; helo=bank.example; client-ip=1.2.3.4")), "unproved"),
        # The sender wrote one too: Postmark's stands above it.
        (handed(spf("evil@attacker.test"), spf(VICTIM)), "unproved"),
        # Postmark wrote none, and the sender did: below the server that took the mail it is the sender's word.
        (handed(below=(spf(VICTIM),)), "unproved"),
        (handed(below=(SIGNED, spf(VICTIM), BANKS_DKIM)), "unproved"),
        (handed(below=(HANDED_OVER, spf(VICTIM), TAKEN)), "unproved"),
        # Fields that do not stand as Postmark puts them: without its trace, or with others between.
        ([spf(VICTIM)], "unproved"),
        ([SIGNED, spf(VICTIM), TAKEN], "unproved"),
        ([HANDED_OVER, spf(VICTIM)], "unproved"),
        ([HANDED_OVER, ("Subject", "x"), spf(VICTIM), TAKEN], "unproved"),
        ([HANDED_OVER, spf(VICTIM), ("Received", "from a by mx.attacker.test"), TAKEN], "unproved"),
        (handed(SIGNED, spf("x@y.test"), below=(BANKS_DKIM,)), "proved"),
        (handed(SIGNED, below=(BANKS_DKIM,)), "proved"),
        (handed(spf("x@y.test"), below=(SIGNED, BANKS_DKIM)), "unproved"),
        # A good signature of the attacker's and one that names the victim: nobody says which of them is good.
        (handed(SIGNED, below=(("DKIM-Signature", "v=1; d=attacker.test"), BANKS_DKIM)), "unproved"),
        ([("Authentication-Results", "mx; dmarc=pass header.from=bank.example")], "unproved"),
        ([], "unproved"),
    ],
)  # fmt: skip
def test_postmarks_own_fields_are_believed_and_the_senders_are_not(
    headers: list[tuple[str, str]], standing: str
) -> None:
    assert postmark(headers).sender.standing == standing


def test_postmarks_fields_are_read_from_the_raw_mail_where_its_list_has_no_trace() -> None:
    fields = [HANDED_OVER, spf(VICTIM), TAKEN, ("From", VICTIM)]
    raw = "".join(f"{name}: {value}\r\n".replace("\t", "\r\n\t") for name, value in fields) + "\r\nhello"
    assert postmark([("X-Spam-Status", "No")], RawEmail=raw).sender.standing == "proved"
    forged = raw.replace("envelope-from=vip@", "envelope-from=evil@x.")
    assert postmark([spf(VICTIM)], RawEmail=forged).sender.standing == "unproved"


def test_what_postmark_read_differently_than_its_filter_is_not_proved() -> None:
    raw = f'From: "{VICTIM}" <evil@attacker.test>\r\nDKIM-Signature: v=1; d=attacker.test\r\n\r\nhello'
    tests = handed(SIGNED, spf("evil@attacker.test"))
    for message in (postmark(tests, RawEmail=raw), postmark(tests)):
        assert (message.sender.address, message.sender.standing) != (VICTIM, "proved")


def mailgun(headers: list[list[str]], *, sender: str = VICTIM) -> Message:
    headers = [*headers, ["From", VICTIM]]
    fields = {"recipient": "a@hub", "sender": sender, "message-headers": json.dumps(headers), "body-plain": "hello"}
    return read(email_mailgun.ADAPTER, urlencode(fields).encode())


PASSED = [["X-Mailgun-Dkim-Check-Result", "Pass"], ["X-Mailgun-Spf", "Pass"]]
RECEIVED = ["Received", "from x by mxa.mailgun.org"]


@pytest.mark.parametrize(
    ("headers", "sender", "standing"),
    [
        ([*PASSED, RECEIVED], VICTIM, "proved"),
        ([*PASSED, RECEIVED], "evil@attacker.test", "unproved"),
        ([*PASSED, RECEIVED, ["Dkim-Signature", "d=bank.example"]], "evil@attacker.test", "proved"),
        ([RECEIVED, *PASSED], VICTIM, "unproved"),
        ([*PASSED], VICTIM, "unproved"),
        ([["X-Mailgun-Spf", "Fail"], *PASSED, RECEIVED], VICTIM, "unproved"),
    ],
)
def test_mailguns_fields_count_above_the_first_hop_only(headers: list[list[str]], sender: str, standing: str) -> None:
    assert mailgun(headers, sender=sender).sender.standing == standing


def sendgrid(fields: list[tuple[str, str]]) -> bytes:
    parts = [f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields]
    return "".join([*parts, "--xYzZY--\r\n"]).encode()


HONEST = [
    ("dkim", "none"),
    ("email", f"From: {VICTIM}\r\n\r\nhello"),
    ("envelope", '{"from":"evil@attacker.test"}'),
    ("SPF", "fail"),
]


FROM_VICTIM = ("envelope", json.dumps({"from": VICTIM}))


def injected(*fields: tuple[str, str], closing: str = "") -> list[tuple[str, str]]:
    """A mail whose text ends SendGrid's field and begins others: SendGrid's boundary is always the same."""
    more = "".join(f'\r\n--xYzZY\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}' for n, v in fields)
    return [HONEST[0], ("email", HONEST[1][1] + more + closing), *HONEST[2:]]


@pytest.mark.parametrize(
    ("fields", "standing"),
    [
        (HONEST, "unproved"),
        ([*HONEST[:2], FROM_VICTIM, ("SPF", "pass")], "proved"),
        ([("dkim", "{@bank.example : pass}"), *HONEST[1:]], "proved"),
        ([("dkim", "{@attacker.test : pass, @bank.example : fail}"), *HONEST[1:]], "unproved"),
        ([("dkim", "{@attacker.test : pass} {@bank.example : pass}"), *HONEST[1:]], "unproved"),
        (injected(("SPF", "pass"), FROM_VICTIM), "unproved"),
        (injected(("dkim", "{@bank.example : pass}")), "unproved"),
        (injected(('SPF"; filename="a', "pass"), (f'{FROM_VICTIM[0]}"; filename="b', FROM_VICTIM[1])), "unproved"),
        ([*injected(('dkim"; filename="a', "{@bank.example : pass}"))[1:], HONEST[0]], "unproved"),
        (
            injected(("SPF", "pass"), ("envelope", json.dumps({"from": VICTIM})), closing="\r\n--xYzZY--\r\n"),
            "unproved",
        ),
    ],
)
def test_no_mail_writes_sendgrids_fields(fields: list[tuple[str, str]], standing: str) -> None:
    assert read(email_sendgrid.ADAPTER, sendgrid(fields)).sender.standing == standing


def test_each_text_field_of_sendgrid_is_read_in_its_own_charset() -> None:
    body = sendgrid(
        [("headers", "From: a@b.example"), ("charsets", '{"text":"iso-8859-1","html":"utf-8"}'), ("text", "T")]
    )
    message = read(email_sendgrid.ADAPTER, body.replace(b"\r\n\r\nT\r\n", b"\r\n\r\nsch\xf6n\r\n"))
    assert (message.text, "faults" in message.detail) == ("schön", False)


def signed_event(body: bytes, **headers: str) -> Delivery:
    login = base64.b64encode(b"hub:word").decode()
    return Delivery(body=body, headers={"authorization": f"Basic {login}", **headers}, received_at=RECEIVED_AT)


VECTOR = {
    "public_key": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaI"
    "NXvVpiglSI8eNEc6wEA3F+g==",
    "signature": "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=",
    "timestamp": "1600112502",
}


def test_sendgrids_own_signature_vector_is_accepted_and_every_changed_byte_refused() -> None:
    body = payload("sendgrid-event-dropped.signed.json")
    account = AccountSettings(secrets={"password": ["word"], "public_key": [VECTOR["public_key"]]})
    signature = {
        email_sendgrid.SIGNATURE: VECTOR["signature"],
        email_sendgrid.TIMESTAMP: VECTOR["timestamp"],
    }
    verify = email_sendgrid.ADAPTER.verify
    assert verify(signed_event(body, **signature), account)
    assert not verify(signed_event(body.rstrip(), **signature), account)
    assert not verify(signed_event(body), account)
    assert not verify(signed_event(body, **{**signature, email_sendgrid.TIMESTAMP: "1600112503"}), account)
    for place in range(0, len(body), 7):
        forged = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert not verify(signed_event(forged, **signature), account)
    other = AccountSettings(secrets={"password": ["other"], "public_key": [VECTOR["public_key"]]})
    assert not verify(signed_event(body, **signature), other)


def test_mailguns_stamp_is_good_for_as_long_as_it_retries() -> None:
    account = AccountSettings(secrets={"signing_key": ["key"]})
    stamp, token = str(int(RECEIVED_AT.timestamp())), "a" * 50
    signature = hmac.new(b"key", f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    body = urlencode({"timestamp": stamp, "token": token, "signature": signature}).encode()
    for hours, is_good in ((0, True), (9, True), (11.9, True), (12.1, False), (-0.2, True), (-1, False)):
        at = RECEIVED_AT + timedelta(hours=hours)
        assert email_mailgun.ADAPTER.verify(Delivery(body=body, headers={}, received_at=at), account) is is_good, hours
    again = body + b"&body-mime=other"
    assert email_mailgun.ADAPTER.delivery_key(Delivery(body=again, headers={})) == email_mailgun.ADAPTER.delivery_key(
        Delivery(body=body, headers={})
    )


#: Where anymail 15.2 is known to read something else (CHANNELS 1.8), ours is written out in the payload's expectation.
ANYMAIL_DIFFERS = {
    "mime-charset-unknown.eml",
    "mime-charset-iso-8859-8-i.eml",
    "mime-charset-undeclared-8bit.eml",
    "mime-charset-wrong-label.eml",
    "mime-header-raw-latin1.eml",
    "mime-html-with-forwarded-mail.eml",
    "mime-reply-thunderbird.eml",  # flowed lines are put together again
}


def raw_mails() -> Iterator[Any]:
    for path in sorted(PAYLOADS.glob("mime-*.eml")):
        yield pytest.param(path.read_bytes(), path.name in ANYMAIL_DIFFERS, id=path.name)
    for name in ("sendgrid-inbound-raw.multipart", "sendgrid-inbound-raw-attachments.multipart"):
        field = read_form(payload(name)).first("email")
        assert field is not None
        yield pytest.param(field.content, False, id=name)


@pytest.mark.parametrize(("raw", "differs"), list(raw_mails()))
def test_anymail_reads_the_same_words_and_files(raw: bytes, differs: bool) -> None:
    ours = read_mail(raw)
    theirs = AnymailInboundMessage.parse_raw_mime_bytes(raw)
    if not differs:
        assert (theirs.text or "").replace("\r\n", "\n").split() == ours.text.split()
    attached = [p.content for p in ours.parts if p.role == "attachment" and p.mime_type != "message/rfc822"]
    theirs_attached = [each for each in theirs.attachments if each.get_content_maintype() != "message"]
    assert [each.get_content_bytes() for each in theirs_attached] == attached
    if "\ufffd" not in theirs.subject:  # raw letters of another charset: it loses them
        assert theirs.subject.split() == ours.subject.split()


def test_times_of_events_are_the_providers() -> None:
    assert datetime(2016, 4, 27, 20, 28, 50, 396393, UTC) == email_postmark.iso_moment(
        "2016-04-27T16:28:50.3963933-04:00", otherwise=RECEIVED_AT
    )


HEAVY = {
    "one field": b"body-mime=" + b"%41b" * 14_000_000 + b"&timestamp=1&token=a&signature=b",
    "many fields": b"a=b&" * 14_000_000,
    "names within words": b"xtoken=" * 8_000_000,
    "an object": b"{" + b'"a":1,' * 8_000_000 + b"}",
    "one part": b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"y" * 50_000_000 + b"\r\n--x--",
    "many parts": b"--x\r\n\r\n" * 5_000_000,
}


@pytest.mark.parametrize("name", sorted(HEAVY))
def test_unsigned_form_costs_a_stranger_more_than_us(name: str) -> None:
    account = AccountSettings(secrets={"signing_key": ["key"]})
    delivery = Delivery(body=HEAVY[name], headers={}, received_at=RECEIVED_AT)
    started = time.process_time()
    assert not email_mailgun.ADAPTER.verify(delivery, account)
    assert time.process_time() - started < 1.5


def test_parsed_mail_of_too_many_parts_is_kept_as_foreign() -> None:
    with pytest.raises(PayloadError, match="400 parts"):
        read(email_sendgrid.ADAPTER, HEAVY["many parts"])


@pytest.mark.parametrize("provider", ["email_postmark", "email_sendgrid", "email_mime"])
def test_word_that_lets_a_provider_in_is_long(db: None, provider: str) -> None:
    name = "token" if provider == "email_mime" else "password"
    for word in ("", "hush", "seven-7", "eight ch", "letters-\u00e9"):
        with pytest.raises(ConnectError, match=name):
            connect(provider, name="Mail", values={name: word})
    assert connect(provider, name="Mail", values={name: "letters-"}).pk


def test_more_events_than_sendgrid_sends_are_kept_and_not_read() -> None:
    body = b"[" + b",".join([b'{"event":"open"}'] * 10_001) + b"]"
    with pytest.raises(PayloadError, match="at most 10,000 events in one delivery, got 10,001"):
        email_sendgrid.ADAPTER.normalise(Delivery(body=body, headers={}), AccountSettings(), RECEIVED_AT)
