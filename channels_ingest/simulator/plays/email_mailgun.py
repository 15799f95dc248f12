"""Mailgun as the simulator plays it."""

import hashlib
import hmac
import json
import re
import secrets
from datetime import datetime
from urllib.parse import urlsplit

from channels_ingest.adapters.base import AccountSettings, PayloadError
from channels_ingest.adapters.forms import form_body
from channels_ingest.adapters.mail.forms import read_form
from channels_ingest.adapters.mail.headers import addresses_of
from channels_ingest.adapters.sending import Answer, HttpRequest
from channels_ingest.simulator.plays._mail import json_answer, our_address, secret_of, taken_mail, written_mail
from channels_ingest.simulator.plays.base import Person, Play, Post, Taken
from timeline.entries import Delivery

_PATH = re.compile(r".*/v3/[^/]+/messages\.mime")


class MailgunPlay:
    """See `base.Play`."""

    provider = "email_mailgun"

    def take(self, request: HttpRequest) -> Taken | Answer:
        """The mail of a call to `messages.mime`, or Mailgun's refusal of it."""
        if request.method != "POST" or not _PATH.fullmatch(urlsplit(request.url).path):
            return json_answer(404, {"message": "Not found"})
        if not request.headers.get("authorization", "").startswith("Basic "):
            return json_answer(401, {"message": "Forbidden"})
        try:
            form = read_form(request.body)
        except PayloadError:
            return json_answer(400, {"message": "to parameter is missing"})
        message = form.first("message")
        to = next(iter(addresses_of([form.text("to").encode()])), "")
        taken = message and taken_mail(
            message.content, to=to, message_id=secrets.token_hex(8), reference=form.text("v:reference")
        )
        if not taken:
            return json_answer(400, {"message": "to parameter is not a valid address. please check documentation"})
        # Mailgun keeps the mail's own Message-ID; here it begins with a word of its own, so that two sends are two.
        message_id = f"{taken.message_id}.{taken.extra['message_id']}"
        return Taken(
            message_id=message_id,
            to=taken.to,
            text=taken.text,
            reference=taken.reference,
            subject=taken.subject,
            html=taken.html,
            extra=taken.extra,
        )

    def answer(self, taken: Taken) -> Answer:
        """Mailgun's answer to a mail it took."""
        return json_answer(200, {"id": f"<{taken.message_id}>", "message": "Queued. Thank you."})

    def status(
        self, taken: Taken, delivery: Delivery, at: datetime, account: AccountSettings, *, webhook_url: str
    ) -> Post | None:
        """The event webhook."""
        word = {Delivery.SENT: "accepted", Delivery.DELIVERED: "delivered", Delivery.FAILED: "failed"}.get(delivery)
        if word is None:
            return None
        data = {
            "event": word,
            "id": secrets.token_urlsafe(16),
            "timestamp": at.timestamp(),
            "recipient": taken.to,
            "message": {"headers": {"message-id": taken.message_id, "to": taken.to}},
            "user-variables": {"reference": taken.reference},
        }
        if delivery is Delivery.FAILED:
            data |= {
                "severity": "permanent",
                "reason": "bounce",
                "delivery-status": {"code": 550, "message": "5.1.1 The account that you tried to reach does not exist"},
            }
        said = {"signature": _signature(account, at), "event-data": data}
        return Post(url=webhook_url, headers={"Content-Type": "application/json"}, body=json.dumps(said).encode())

    def incoming(
        self, person: Person, text: str, at: datetime, account: AccountSettings, *, webhook_url: str, answers: str = ""
    ) -> Post:
        """A route that posts the whole mail."""
        raw = written_mail(person, text, at, to=our_address(account), answers=answers)
        domain = person.address.rpartition("@")[2]
        raw = (
            b"X-Mailgun-Incoming: Yes\r\nX-Mailgun-Spf: Pass\r\nX-Mailgun-Dkim-Check-Result: Pass\r\n"
            b"Received: from mail by mxa.mailgun.org\r\nDKIM-Signature: v=1; d=" + domain.encode() + b"; s=s1\r\n" + raw
        )
        fields = {
            "recipient": our_address(account),
            "sender": person.address,
            "body-mime": raw.decode("ascii", "replace"),
            **_signature(account, at),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Post(url=webhook_url, headers=headers, body=form_body(list(fields.items())))


def _signature(account: AccountSettings, at: datetime) -> dict[str, str]:
    stamp, token = str(int(at.timestamp())), secrets.token_hex(25)
    key = secret_of(account, "signing_key").encode()
    signature = hmac.new(key, f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": stamp, "token": token, "signature": signature}


PLAY: Play = MailgunPlay()
