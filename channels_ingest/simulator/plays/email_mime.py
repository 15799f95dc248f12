"""A mail server as the simulator plays it: it takes the mail by HTTP, and its pipe posts what comes in."""

import secrets
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.mail.headers import addresses_of
from channels_ingest.adapters.mail.threads import tagged_address, token
from channels_ingest.adapters.sending import Answer, HttpRequest
from channels_ingest.simulator.plays._mail import (
    basic,
    json_answer,
    our_address,
    secret_of,
    taken_mail,
    written_mail,
)
from channels_ingest.simulator.plays.base import Person, Play, Post, Taken
from timeline.entries import Delivery


class MimePipePlay:
    """See `base.Play`. A mail server reports by mail: delivery notices (RFC 3464) to the address of the thread."""

    provider = "email_mime"

    def take(self, request: HttpRequest) -> Taken | Answer:
        """The mail, or the server's refusal of it."""
        if request.method != "POST" or not urlsplit(request.url).path.endswith("/mail"):
            return json_answer(404, {})
        to = next(iter(addresses_of([request.headers.get("x-envelope-to", "").encode()])), "")
        taken = taken_mail(
            request.body, to=to, message_id=secrets.token_hex(8), reference=request.headers.get("x-reference", "")
        )
        if not taken:
            return json_answer(400, {})
        # A server keeps the mail's own Message-ID; here it begins with a word of its own, so that two sends are two.
        return Taken(
            message_id=f"{taken.message_id}.{taken.extra['message_id']}",
            to=taken.to,
            text=taken.text,
            reference=taken.reference,
            subject=taken.subject,
            html=taken.html,
            extra=taken.extra,
        )

    def answer(self, taken: Taken) -> Answer:
        """The server has it."""
        return json_answer(200, {"id": taken.message_id})

    def status(
        self, taken: Taken, delivery: Delivery, at: datetime, account: AccountSettings, *, webhook_url: str
    ) -> Post | None:
        """The delivery notice that the receiving server writes."""
        action = {Delivery.DELIVERED: "delivered", Delivery.FAILED: "failed"}.get(delivery)
        if action is None or not account.thread_keys:
            return None
        word = token(taken.reference, taken.to, account.thread_keys[0])
        raw = _report(taken, action, at, to=tagged_address(our_address(account), word))
        return _post(raw, account, webhook_url)

    def incoming(
        self, person: Person, text: str, at: datetime, account: AccountSettings, *, webhook_url: str, answers: str = ""
    ) -> Post:
        """The mail as the server's pipe posts it, with what the server found out."""
        raw = written_mail(person, text, at, to=our_address(account), answers=answers)
        authserv_id = account.plain.get("authserv_id", "")
        if authserv_id:
            domain = person.address.rpartition("@")[2]
            raw = f"Authentication-Results: {authserv_id}; dmarc=pass header.from={domain}\r\n".encode() + raw
        return _post(raw, account, webhook_url)


def _report(taken: Taken, action: str, at: datetime, *, to: str) -> bytes:
    fields = {
        "Return-Path": "<>",
        "From": "MAILER-DAEMON@mx.simulator.invalid",
        "To": to,
        "Subject": "Delivery Status Notification",
        "Date": format_datetime(at),
        "Message-ID": f"<{secrets.token_hex(12)}@mx.simulator.invalid>",
        "Auto-Submitted": "auto-replied",
        "MIME-Version": "1.0",
        "Content-Type": 'multipart/report; report-type=delivery-status; boundary="=simulated"',
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    status, diagnostic = ("2.0.0", "250 OK") if action == "delivered" else ("5.1.1", "550 5.1.1 User unknown")
    parts = [
        "Content-Type: text/plain\r\n\r\nThis is the mail server.\r\n",
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.simulator.invalid\r\n\r\n"
        f"Final-Recipient: rfc822; {taken.to}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {diagnostic}\r\n",
        f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{taken.message_id}>\r\nTo: {taken.to}\r\n",
    ]
    body = "".join(f"--=simulated\r\n{part}\r\n" for part in parts) + "--=simulated--\r\n"
    return f"{head}\r\n{body}".encode()


def _post(raw: bytes, account: AccountSettings, webhook_url: str) -> Post:
    headers = {"Authorization": basic(secret_of(account, "token")), "Content-Type": "message/rfc822"}
    return Post(url=webhook_url, headers=headers, body=raw)


PLAY: Play = MimePipePlay()
