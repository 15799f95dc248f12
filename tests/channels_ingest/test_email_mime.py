"""A mail server's pipe, from the POST to the customer's page."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from channels_ingest import pipeline
from channels_ingest.accounts import connect
from channels_ingest.models import Envelope
from profiles.models import ChannelAccount, ChannelIdentity, Role, StaffMember
from tests.conftest import payload
from tests.pages.reading_html import words
from timeline.models import Entry, QueueRow

TOKEN = "a-token-of-the-pipe"
PASSED = "Authentication-Results: mx.hub.example.com; dmarc=pass header.from=customer.example"


@pytest.fixture
def mailbox(db: None) -> ChannelAccount:
    values = {"token": TOKEN, "from": "support@hub.example.com", "authserv_id": "mx.hub.example.com"}
    return connect("email_mime", name="Support", values=values)


def pipe(client: Client, account: ChannelAccount, raw: bytes, **headers: str) -> HttpResponse:
    headers = {"Authorization": f"Bearer {TOKEN}", **headers}
    path = f"/webhooks/email_mime/{account.key}/"
    answer = client.post(path, raw, content_type="message/rfc822", headers=headers)
    pipeline.drain()
    return answer


def mail(*fields: str, body: str = "hello", sender: str = "Mira Lind <mira@customer.example>") -> bytes:
    return "\r\n".join([*fields, f"From: {sender}", "To: support@hub.example.com", "", body]).encode()


def test_token_is_never_stored_with_the_delivery(client: Client, mailbox: ChannelAccount) -> None:
    assert pipe(client, mailbox, mail()).status_code == 200
    assert TOKEN not in str(Envelope.objects.values_list("headers", flat=True)[0])
    assert pipe(client, mailbox, mail(), Authorization="Bearer wrong").status_code == 401


def test_mail_with_a_mime_boundary_in_its_body_is_stored_byte_for_byte(client: Client, mailbox: ChannelAccount) -> None:
    raw = payload("mime-odd-attachment-filenames.eml")
    pipe(client, mailbox, raw)
    assert bytes(Envelope.objects.get().body) == raw


def test_forged_sender_never_writes_into_the_real_ones_timeline(client: Client, mailbox: ChannelAccount) -> None:
    pipe(client, mailbox, mail(PASSED, body="it is me"))
    pipe(client, mailbox, mail(body="it is me too"))
    pipe(client, mailbox, mail(PASSED.replace("pass", "fail"), body="send money"))
    standings = dict(Entry.objects.values_list("text", "channel_identity__standing"))
    assert standings == {"it is me": "proved", "it is me too": "unproved", "send money": "failed"}
    assert len(set(ChannelIdentity.objects.values_list("profile_id", flat=True))) == 3


def test_spelling_of_the_address_makes_no_second_customer(client: Client, mailbox: ChannelAccount) -> None:
    pipe(client, mailbox, mail(body="one"))
    pipe(client, mailbox, mail(body="two", sender="Mira <Mira@Customer.EXAMPLE>"))
    assert ChannelIdentity.objects.count() == 1


def test_same_mail_by_two_pipes_is_one_entry(client: Client, mailbox: ChannelAccount) -> None:
    raw = mail("Message-ID: <a@customer.example>")
    pipe(client, mailbox, raw, **{"X-Envelope-To": "support@hub.example.com"})
    pipe(client, mailbox, b"Received: again\r\n" + raw, **{"X-Envelope-To": "info@hub.example.com"})
    assert (Envelope.objects.count(), Entry.objects.count()) == (2, 1)


def test_strangers_reuse_of_a_message_id_suppresses_nothing(client: Client, mailbox: ChannelAccount) -> None:
    pipe(client, mailbox, mail("Message-ID: <a@customer.example>", sender="mallory@evil.example"))
    pipe(client, mailbox, mail("Message-ID: <a@customer.example>"))
    assert Entry.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "is_waiting"),
    [([], True), (["Auto-Submitted: auto-replied"], False), (["List-Id: <news.shop.example>"], False)],
)
def test_nobody_waits_because_of_automatic_mail(
    client: Client, mailbox: ChannelAccount, fields: list[str], is_waiting: bool
) -> None:
    pipe(client, mailbox, mail(*fields))
    assert (QueueRow.objects.get().waiting_since is not None) is is_waiting


def test_automatic_reply_does_not_end_anybodys_waiting(client: Client, mailbox: ChannelAccount) -> None:
    pipe(client, mailbox, mail(body="where is my order?"))
    since = QueueRow.objects.get().waiting_since
    pipe(client, mailbox, mail("Auto-Submitted: auto-replied", body="out of office"))
    assert QueueRow.objects.get().waiting_since == since is not None


def test_unreadable_mail_is_seen_kept_and_replayable(client: Client, mailbox: ChannelAccount) -> None:
    bomb = mail("Subject: Bomb", "Content-Type: multipart/mixed; boundary=B", body="--B\r\n\r\nx\r\n" * 5_000)
    assert pipe(client, mailbox, bomb).status_code == 200
    entry, envelope = Entry.objects.get(), Envelope.objects.get()
    assert (entry.detail["type"], entry.detail["subject"], entry.is_placeholder) == ("unsupported", "Bomb", True)
    assert (envelope.state, bytes(envelope.body)) == ("not_understood", bomb)
    assert "more than 400 parts" in envelope.fault


@pytest.fixture
def page(client: Client, mailbox: ChannelAccount) -> Any:
    member = StaffMember.objects.create_staff("ana@example.com", role=Role.AGENT)

    def shown(raw: bytes) -> str:
        pipe(client, mailbox, raw)
        client.force_login(member)
        return words(client.get(f"/inbox/all/{Entry.objects.get().channel_identity.profile_id}/"))

    return shown


def test_page_shows_the_subject_and_folds_what_is_repeated(page: Any) -> None:
    text = page(mail("Subject: Re: Order 42", body="Thanks!\r\n\r\nOn Apr 3, 2012, bob <b@x> wrote:\r\n> Hi\r\n"))
    assert "Re: Order 42 Thanks!" in text
    assert "Show the earlier message On Apr 3, 2012, bob <b@x> wrote:" in text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (["Auto-Submitted: auto-replied"], "Automatic reply"),
        (["List-Id: <news.shop.example>"], "Mailing list"),
        ([PASSED.replace("pass", "fail")], "Forged sender"),
        (["Reply-To: other@customer.example"], "Wants answers at other@customer.example"),
        (["Cc: jonas@customer.example"], "Copy to jonas@customer.example"),
        (["Subject: =?utf-8?B?PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==?="], "<script>alert(1)</script>"),
    ],
)
def test_page_says_what_an_agent_should_know(page: Any, fields: list[str], sentence: str) -> None:
    assert sentence in page(mail(*fields))


def test_page_says_that_a_mail_could_not_be_read(page: Any) -> None:
    bomb = mail("Subject: Bomb", "Content-Type: multipart/mixed; boundary=B", body="--B\r\n\r\nx\r\n" * 5_000)
    assert "Bomb" in (text := page(bomb))
    assert "cannot read this kind of message yet" in text
