"""SendGrid as the simulator plays it: without signatures, which the account's owner turns on at SendGrid itself."""

import json
import secrets
from datetime import datetime
from urllib.parse import urlsplit

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.mail.settings import PASSWORD
from channels_ingest.adapters.mail.writing import multipart_form
from channels_ingest.adapters.sending import Answer, HttpRequest
from channels_ingest.simulator.plays._mail import basic, json_answer, our_address, secret_of, written_mail
from channels_ingest.simulator.plays.base import Person, Play, Post, Taken
from timeline.entries import Delivery


class SendGridPlay:
    """See `base.Play`."""

    provider = "email_sendgrid"

    def take(self, request: HttpRequest) -> Taken | Answer:
        """The mail of a call to `mail/send`, or SendGrid's refusal of it."""
        if request.method != "POST" or not urlsplit(request.url).path.endswith("/v3/mail/send"):
            return _refusal(404, "not found")
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return _refusal(401, "The provided authorization grant is invalid, expired, or revoked")
        try:
            said = json.loads(request.body)
            first = said["personalizations"][0]
            contents = {each["type"]: each["value"] for each in said["content"]}
            return Taken(
                message_id=secrets.token_urlsafe(16).replace(".", "_"),
                to=first["to"][0]["email"],
                text=contents["text/plain"],
                reference=first["custom_args"]["reference"],
                subject=said["subject"],
                html=contents.get("text/html", ""),
                extra={
                    **{name.lower(): value for name, value in said.get("headers", {}).items()},
                    "from": said["from"]["email"],
                    "reply_to": said.get("reply_to", {}).get("email", ""),
                    "files": "\n".join(file["filename"] for file in said.get("attachments", [])),
                },
            )
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return _refusal(400, "Bad Request")

    def answer(self, taken: Taken) -> Answer:
        """SendGrid's answer to a mail it took: nothing but a header."""
        return Answer(status=202, body=b"", headers={"x-message-id": taken.message_id})

    def status(
        self, taken: Taken, delivery: Delivery, at: datetime, account: AccountSettings, *, webhook_url: str
    ) -> Post | None:
        """The event webhook."""
        word = {Delivery.SENT: "processed", Delivery.DELIVERED: "delivered", Delivery.FAILED: "bounce"}.get(delivery)
        if word is None:
            return None
        event = {
            "email": taken.to,
            "event": word,
            "sg_event_id": secrets.token_urlsafe(16),
            "sg_message_id": f"{taken.message_id}.filter0001.1.{secrets.token_hex(5)}.0",
            "timestamp": int(at.timestamp()),
            "reference": taken.reference,
        }
        if delivery is Delivery.FAILED:
            event |= {"status": "5.1.1", "reason": "550 5.1.1 The account that you tried to reach does not exist"}
        headers = {"Content-Type": "application/json", "Authorization": basic(secret_of(account, PASSWORD))}
        return Post(url=webhook_url, headers=headers, body=json.dumps([event]).encode())

    def incoming(
        self, person: Person, text: str, at: datetime, account: AccountSettings, *, webhook_url: str, answers: str = ""
    ) -> Post:
        """Inbound Parse with the raw mail."""
        to = our_address(account)
        fields = {
            "dkim": f"{{@{person.address.rpartition('@')[2]} : pass}}",
            "SPF": "pass",
            "envelope": json.dumps({"to": [to], "from": person.address}),
            "charsets": "{}",
        }
        raw = written_mail(person, text, at, to=to, answers=answers)
        boundary = "xYzZY"
        body = multipart_form(fields, file=("email", raw, "message/rfc822"), boundary=boundary)
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Authorization": basic(secret_of(account, PASSWORD)),
        }
        return Post(url=webhook_url, headers=headers, body=body)


def _refusal(status: int, message: str) -> Answer:
    return json_answer(status, {"errors": [{"message": message, "field": None, "help": None}]})


PLAY: Play = SendGridPlay()
