"""A mail of ours: what it says of itself, and that nobody's words become a field of it."""

import base64
import json
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels_ingest.adapters import email_mailgun, email_mime, email_postmark, email_sendgrid
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.email_ses import AmazonSes
from channels_ingest.adapters.mail.forms import read_form
from channels_ingest.adapters.mail.reading import read_mail
from channels_ingest.adapters.mail.threads import head_of, thread_in
from channels_ingest.adapters.mail.writing import html_of, mime_message, reply_subject
from channels_ingest.adapters.sending import CannotSendError, HttpRequest, MailHead, Outgoing, OutgoingFile, SmtpRequest

KEY = b"a key of this test's"
REFERENCE = "0b9cb0b7-5f3c-4a3f-9b19-0a1d2f7c9a11"
ACCOUNT = AccountSettings(
    plain={
        "from": "support@hub.example",
        "from_name": "Nordlicht “Support”",
        "smtp_host": "mx.example",
        "region": "eu-west-1",
    },
    secrets={"server_token": ["t"], "api_key": ["k"], "smtp_password": ["p"], "secret_access_key": ["s"]},
    thread_keys=(KEY,),
)
ANSWERED: dict[str, Any] = {
    "subject": "Order 42",
    "message_id": "c@customer.example",
    "in_reply_to": ["b@customer.example"],
    "references": ["a@customer.example"],
}


def outgoing(text: str = "Hello,\n\nit is on its way.", **more: Any) -> Outgoing:
    head = head_of(REFERENCE, "mira@customer.example", ACCOUNT, subject="Re: Order 42", answered=ANSWERED, **more)
    return Outgoing(reference=REFERENCE, address="mira@customer.example", text=text, status_url="", mail=head)


def parsed(raw: bytes) -> Any:
    return message_from_bytes(raw, policy=default)


def test_head_puts_the_mail_in_its_thread_and_leads_back_to_it() -> None:
    mail = parsed(mime_message(outgoing(), ACCOUNT))
    assert mail["From"] == "Nordlicht “Support” <support@hub.example>"
    assert (mail["To"], mail["Subject"]) == ("mira@customer.example", "Re: Order 42")
    assert mail["In-Reply-To"] == "<c@customer.example>"
    assert mail["References"] == "<a@customer.example> <b@customer.example> <c@customer.example>"
    for field in ("Message-ID", "Reply-To"):
        thread = thread_in(mail[field], [KEY])
        assert thread is not None
        assert (thread.reference, thread.is_for("mira@customer.example")) == (REFERENCE, True)
    assert mail["Message-ID"].endswith("@hub.example>")
    assert mail["Reply-To"].startswith("support+")


def test_answer_to_our_mail_is_known_by_either_of_them() -> None:
    head = outgoing().mail
    assert head is not None
    for field in (f"In-Reply-To: <{head.message_id}>", f"To: {head.reply_to}"):
        reply = read_mail(f"From: mira@customer.example\r\n{field}\r\n\r\nthanks".encode())
        assert thread_in(" ".join([*reply.recipients, *reply.answered]), [KEY]) is not None


def test_only_the_newest_references_are_kept() -> None:
    answered = {**ANSWERED, "references": [f"{n}@x.example" for n in range(60)]}
    head = head_of(REFERENCE, "mira@customer.example", ACCOUNT, subject="x", answered=answered)
    assert len(head.references) == 20
    assert head.references[-1] == "c@customer.example"


def test_long_ids_are_written_as_they_are() -> None:
    long = "x" * 180 + "@mail.customer.example"
    answered = {**ANSWERED, "message_id": long, "in_reply_to": [], "references": [f"{n}{long}" for n in range(19)]}
    head = head_of(REFERENCE, "mira@customer.example", ACCOUNT, subject="é" * 250, answered=answered)
    raw = mime_message(Outgoing(**{**_fields(outgoing()), "mail": head}), ACCOUNT)
    assert f"\r\nIn-Reply-To: <{long}>\r\n".encode() in raw
    assert b"\r\nMessage-ID: <0b9cb0b7" in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998  # RFC 5322 section 2.1.1
    assert read_mail(raw).answered[:2] == [long, "18" + long]
    assert read_mail(raw).subject == "é" * 250


def test_text_and_html_say_the_same_and_files_come_along() -> None:
    text = "Hi <b>\n\nsee https://shop.example/a?b=1&c=2.\nשלום 😀\n.\nFrom here"
    file = OutgoingFile(name='a"b\r\n.pdf', mime_type="application/pdf", content=b"%PDF")
    message = outgoing(text)
    mail = parsed(mime_message(Outgoing(**{**_fields(message), "files": (file,)}), ACCOUNT))
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n").rstrip("\n") == text
    markup = mail.get_body(("html",)).get_content()
    assert "Hi &lt;b&gt;" in markup
    assert '<a href="https://shop.example/a?b=1&amp;c=2">https://shop.example/a?b=1&amp;c=2</a>.' in markup
    (attached,) = mail.iter_attachments()
    assert (attached.get_content(), attached.get_content_type()) == (b"%PDF", "application/pdf")
    assert "\n" not in attached.get_filename()


def _fields(message: Outgoing) -> dict[str, Any]:
    return {name: getattr(message, name) for name in Outgoing.__dataclass_fields__}


@pytest.mark.parametrize(
    ("subject", "reply"),
    [
        ("Order", "Re: Order"),
        ("Re: Order", "Re: Order"),
        ("AW: Order", "AW: Order"),
        ("", "Re:"),
        ("a\r\nBcc: x", "Re: a Bcc: x"),
    ],
)
def test_subject_of_an_answer(subject: str, reply: str) -> None:
    assert reply_subject(subject) == reply


EXPECTED = {
    "from",
    "to",
    "cc",
    "subject",
    "reply-to",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
}
HOSTILE = "x\r\nBcc: evil@attacker.test\r\n\r\nbody\n\u2028\x00\ud800"


HOSTILE_FIELDS = {"X-Thing": HOSTILE, "Bcc": "evil@attacker.test", "bad name\r\nBcc": "x", "Content-Type": "x"}


def test_nothing_becomes_a_field_of_its_own() -> None:
    head = outgoing().mail
    assert head is not None
    hostile = MailHead(
        message_id=head.message_id + HOSTILE,
        subject=HOSTILE,
        reply_to=head.reply_to,
        in_reply_to=HOSTILE,
        references=(HOSTILE, "a@b", "x> <y"),
        cc=("jonas@x.example",),
        extra=HOSTILE_FIELDS,
    )
    message = Outgoing(**{**_fields(outgoing(HOSTILE)), "mail": hostile})
    account = AccountSettings(plain={**ACCOUNT.plain, "from_name": HOSTILE}, thread_keys=(KEY,))
    for raw in rendered_mails(message, account):
        mail = parsed(raw)
        assert {name.lower() for name in mail} <= EXPECTED | {"x-thing"}
        assert "evil@attacker.test" not in str(mail["To"]) + str(mail["Cc"]) + str(mail["From"].addresses[0].addr_spec)
    for api in (email_postmark.ADAPTER, email_sendgrid.ADAPTER):
        request = api.render(message, account, api_url="https://api.example")
        said = json.loads(request.body)
        written = json.dumps([said.get("Headers"), said.get("headers"), said.get("Subject"), said.get("subject")])
        assert "\\r" not in written
        assert "\\n" not in written


def rendered_mails(message: Outgoing, account: AccountSettings) -> list[bytes]:
    smtp = email_mime.ADAPTER.render(message, account, api_url="")
    mailgun = email_mailgun.ADAPTER.render(message, account, api_url="https://api.example")
    ses = AmazonSes().render(message, account, api_url="https://api.example")
    assert isinstance(smtp, SmtpRequest)
    form_file = read_form(mailgun.body).first("message")
    assert form_file is not None
    return [smtp.message, form_file.content, base64.b64decode(json.loads(ses.body)["Content"]["Raw"]["Data"])]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "mira",
        "a@b\r\nBcc: x@y",
        "a@b, c@d",
        "<a@b>",
        "a b@c",
        "unreadable sender 123",
        "a@" + "b" * 300,
        "a@b@c",
        "a@\ud800",
    ],
)
def test_address_that_is_none_is_refused_in_words(address: str) -> None:
    for adapter in (
        email_mime.ADAPTER,
        email_postmark.ADAPTER,
        email_mailgun.ADAPTER,
        email_sendgrid.ADAPTER,
        AmazonSes(),
    ):
        with pytest.raises(CannotSendError, match="address"):
            adapter.render(
                Outgoing(**{**_fields(outgoing()), "address": address}), ACCOUNT, api_url="https://api.example"
            )


def test_address_of_another_alphabet_is_written_in_ascii() -> None:
    request = email_postmark.ADAPTER.render(
        Outgoing(**{**_fields(outgoing()), "address": "mira@münchen.example"}), ACCOUNT, api_url="https://api.example"
    )
    assert json.loads(request.body)["To"] == "mira@xn--mnchen-3ya.example"


def test_bounces_of_smtp_come_to_the_thread() -> None:
    request = email_mime.ADAPTER.render(outgoing(), ACCOUNT, api_url="")
    assert isinstance(request, SmtpRequest)
    assert thread_in(request.envelope_from, [KEY]) is not None
    assert (request.envelope_to, request.host, request.port) == ("mira@customer.example", "mx.example", 587)


def test_copies_are_delivered_by_providers_that_take_whole_mails() -> None:
    message = outgoing(cc=["jonas@x.example"])
    mailgun = read_form(email_mailgun.ADAPTER.render(message, ACCOUNT, api_url="https://api.example").body)
    assert mailgun.text("to") == "mira@customer.example, jonas@x.example"
    ses = json.loads(AmazonSes().render(message, ACCOUNT, api_url="https://api.example").body)
    assert ses["Destination"]["CcAddresses"] == ["jonas@x.example"]
    smtp = email_mime.ADAPTER.render(message, ACCOUNT, api_url="")
    assert isinstance(smtp, SmtpRequest)
    assert (smtp.envelope_to, smtp.copies) == ("mira@customer.example", ("jonas@x.example",))


@pytest.mark.parametrize(
    ("region", "adapter", "host"),
    [
        ("eu", email_mailgun.ADAPTER, "https://api.eu.mailgun.net/v3/"),
        ("", email_mailgun.ADAPTER, "https://api.mailgun.net/v3/"),
        ("eu-central-1", AmazonSes(), "https://email.eu-central-1.amazonaws.com/v2/"),
    ],
)
def test_region_chooses_the_providers_host(region: str, adapter: Any, host: str) -> None:
    account = AccountSettings(plain={**ACCOUNT.plain, "region": region}, thread_keys=(KEY,))
    request = adapter.render(outgoing(), account, api_url=adapter.api_url)
    assert isinstance(request, HttpRequest)
    assert request.url.startswith(host)


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=200), subject=st.text(max_size=300))
def test_any_text_is_written_and_read_back(text: str, subject: str) -> None:
    head = head_of(REFERENCE, "mira@customer.example", ACCOUNT, subject=subject)
    message = Outgoing(reference=REFERENCE, address="mira@customer.example", text=text, status_url="", mail=head)
    raw = mime_message(message, ACCOUNT)
    mail = parsed(raw)
    assert {name.lower() for name in mail} <= EXPECTED
    assert "<script" not in html_of(text).lower()
    assert read_mail(raw).is_readable
