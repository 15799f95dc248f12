"""Mail out and back, by each provider: the answer reaches the customer in the thread, and their reply comes home."""

import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from channels_ingest import pipeline
from channels_ingest.accounts import connect, settings_of
from channels_ingest.models import OutboxMessage, SimulatedMessage
from channels_ingest.sending.courier import send_due
from channels_ingest.simulator.plays import (
    email_mailgun,
    email_mime,
    email_postmark,
    email_sendgrid,
    email_ses,
)
from channels_ingest.simulator.plays.base import Person, Post
from profiles.models import ChannelAccount, ChannelIdentity, Role, StaffMember
from tests.channels_ingest.sending.conftest import bearer, work
from timeline.models import Entry, QueueRow

pytestmark = pytest.mark.django_db(transaction=True)

MIRA = Person(address="mira@customer.example", name="Mira Lind")
LINES: dict[str, tuple[Any, dict[str, str]]] = {
    "email_mailgun": (email_mailgun.PLAY, {"signing_key": "k"}),
    "email_mime": (email_mime.PLAY, {"token": "a-long-random-word", "authserv_id": "mx.hub.example"}),
    "email_postmark": (email_postmark.PLAY, {"password": "a-long-random-word"}),
    "email_sendgrid": (email_sendgrid.PLAY, {"password": "a-long-random-word"}),
    "email_ses": (email_ses.PLAY, {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:inbound"}),
}


def posted(client: Client, post: Post) -> None:
    parts = urlsplit(post.url)
    headers = {name: value for name, value in post.headers.items() if name != "Content-Type"}
    answer = client.post(parts.path, post.body, content_type=post.headers["Content-Type"], headers=headers)
    assert answer.status_code == 200
    pipeline.drain()


def mailbox(provider: str, **more: str) -> ChannelAccount:
    return connect(provider, name="Support", values={**LINES[provider][1], "from": "support@hub.example", **more})


def writes(client: Client, account: ChannelAccount, text: str, *, answers: str = "", minutes: int = 0) -> Entry:
    play, at = LINES[account.provider][0], datetime.now(UTC) - timedelta(minutes=30 - minutes)
    url = f"{settings.PUBLIC_BASE_URL}/webhooks/{account.provider}/{account.key}/"
    posted(client, play.incoming(MIRA, text, at, settings_of(account), webhook_url=url, answers=answers))
    return Entry.objects.filter(direction="in").latest("id")


def answered(client: Client, entry: Entry, text: str, **more: Any) -> Any:
    nora = StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT, name="Nora Holm")
    body = {"channel_identity": entry.channel_identity_id, "text": text, **more}
    url = f"/api/v1/profiles/{entry.channel_identity.profile_id}/messages/"
    return client.post(url, body, content_type="application/json", headers=bearer(nora))


@pytest.mark.parametrize("provider", sorted(LINES))
def test_answer_goes_out_in_the_thread_and_the_reply_comes_home(client: Client, simulated: str, provider: str) -> None:
    account = mailbox(provider)
    question = writes(client, account, "Where is my parcel?")
    assert (question.channel_identity.standing, question.sender_grade) == ("proved", "proved")
    assert answered(client, question, "On its way. 📦").status_code == 201
    work()

    answer, taken = Entry.objects.get(direction="out"), SimulatedMessage.objects.get()
    assert (taken.to, taken.text, taken.subject) == (MIRA.address, "On its way. 📦", "Re: Where is my parcel?")
    assert answer.provider_message_id == taken.message_id
    assert answer.delivery == "delivered"
    assert QueueRow.objects.get().waiting_since is None

    message_id = taken.extra["message-id" if "message-id" in taken.extra else "message_id"]
    reply = writes(client, account, "Thanks!", answers=message_id, minutes=10)
    assert reply.channel_identity_id == question.channel_identity_id
    assert reply.detail["thread"]["is_addressee"] is True
    assert reply.detail["reply_to"] == {"provider_message_id": answer.provider_message_id}


def test_bounce_that_comes_by_mail_fails_the_message_it_is_about(client: Client, simulated: str) -> None:
    account = mailbox("email_postmark")
    answered(client, writes(client, account, "Where is my parcel?"), "On its way.")
    send_due()
    taken, answer = SimulatedMessage.objects.get(), Entry.objects.get(direction="out")
    pipe = mailbox("email_mime")
    raw = email_mime._report(taken_of(taken), "failed", datetime.now(UTC), to=taken.extra["reply_to"])
    assert answer.delivery == "sent"
    # A bounce for the Postmark mailbox, told by Postmark as a mail that came in.
    said = b'{"FromFull":{"Email":"mailer-daemon@x.example"},"MessageID":"1","RawEmail":' + _json(raw) + b"}"
    url = f"{settings.PUBLIC_BASE_URL}/webhooks/email_postmark/{account.key}/"
    headers = {"Authorization": "Basic aHViOmEtbG9uZy1yYW5kb20td29yZA==", "Content-Type": "application/json"}
    posted(client, Post(url=url, headers=headers, body=said))
    answer.refresh_from_db()
    assert (answer.delivery, answer.detail["errors"][0]["code"]) == ("failed", "5.1.1")
    assert Entry.objects.filter(account=pipe).count() == 0


def taken_of(row: SimulatedMessage) -> Any:
    from channels_ingest.simulator.plays.base import Taken

    return Taken(message_id="not-ours@elsewhere", to=row.to, text=row.text, reference=row.reference)


def _json(raw: bytes) -> bytes:
    import json

    return json.dumps(raw.decode()).encode()


def test_strangers_answer_to_a_forwarded_mail_is_a_customer_of_its_own_and_marked(
    client: Client, simulated: str
) -> None:
    account = mailbox("email_mime")
    question = writes(client, account, "Where is my parcel?")
    answered(client, question, "On its way.")
    work()
    taken = SimulatedMessage.objects.get()
    play = LINES["email_mime"][0]
    stranger = Person(address="mallory@evil.example", name="Mira Lind")
    url = f"{settings.PUBLIC_BASE_URL}/webhooks/email_mime/{account.key}/"
    post = play.incoming(
        stranger, "Send it to me", datetime.now(UTC), settings_of(account), webhook_url=url, answers=taken.message_id
    )
    posted(client, post)
    entry = Entry.objects.latest("id")
    assert entry.channel_identity.profile_id != question.channel_identity.profile_id
    assert entry.detail["thread"]["is_addressee"] is False


def test_answer_to_a_customers_earlier_mail_quotes_it(client: Client, simulated: str) -> None:
    account = mailbox("email_mime")
    first = writes(client, account, "Where is my parcel?")
    second = writes(client, account, "And my refund?", answers=first.detail["message_id"], minutes=5)
    assert second.detail["reply_to"] == {"provider_message_id": first.provider_message_id}


class Handler(socketserver.StreamRequestHandler):
    """As much of a mail server as one mail needs."""

    def handle(self) -> None:
        store: list[Any] = self.server.mails  # type: ignore[attr-defined]
        envelope: dict[str, str] = {}
        self.wfile.write(b"220 mx ready\r\n")
        while line := self.rfile.readline():
            word = line.decode().strip()
            if word.upper().startswith("EHLO"):
                self.wfile.write(b"250 mx\r\n")
            elif word.upper().startswith("MAIL FROM:"):
                envelope["from"] = word[10:].split()[0].strip("<>")
                self.wfile.write(b"250 ok\r\n")
            elif word.upper().startswith("RCPT TO:"):
                envelope["to"] = word[8:].strip("<>")
                self.wfile.write(b"250 ok\r\n")
            elif word.upper() == "DATA":
                self.wfile.write(b"354 go\r\n")
                lines = []
                while (data := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(data.removeprefix(b"."))
                store.append((envelope, b"".join(lines)))
                self.wfile.write(b"250 taken\r\n")
            else:
                self.wfile.write(b"221 bye\r\n" if word.upper() == "QUIT" else b"250 ok\r\n")


@pytest.fixture
def mail_server() -> Iterator[Any]:
    server: Any = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.mails = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_mail_reaches_a_real_mail_server_with_all_it_says(client: Client, mail_server: Any) -> None:
    account = mailbox(
        "email_mime", smtp_host="127.0.0.1", smtp_port=str(mail_server.server_address[1]), from_name="Nordlicht"
    )
    question = writes(client, account, "Where is my parcel?")
    told = answered(client, question, ".\nOn its way.\nÄ 😀", subject="Your parcel")
    assert told.status_code == 201
    send_due()
    ((envelope, raw),) = mail_server.mails
    mail = message_from_bytes(raw, policy=default)
    assert envelope["to"] == MIRA.address
    assert envelope["from"] == mail["Reply-To"]
    assert (mail["From"], mail["Subject"]) == ("Nordlicht <support@hub.example>", "Your parcel")
    assert mail["Date"].datetime <= datetime.now(UTC)
    assert mail.get_body(("plain",)).get_content().splitlines()[:2] == [".", "On its way."]
    answer, row = Entry.objects.get(direction="out"), OutboxMessage.objects.get()
    assert f"<{answer.provider_message_id}>" == mail["Message-ID"]
    assert (answer.delivery, row.state) == ("sent", "sent")
    assert ChannelIdentity.objects.count() == 1
