"""Amazon SES as the simulator plays it. Nobody has Amazon's key, so it signs with one of the hub's own."""

import base64
import json
import secrets
import uuid
from datetime import UTC, datetime
from urllib.parse import urlsplit

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.mail.headers import addresses_of
from channels_ingest.adapters.mail.sns import SIMULATED, simulated_signature, string_to_sign
from channels_ingest.adapters.sending import Answer, HttpRequest
from channels_ingest.simulator.plays._mail import json_answer, our_address, secret_of, taken_mail, written_mail
from channels_ingest.simulator.plays.base import Person, Play, Post, Taken
from timeline.entries import Delivery

DEFAULT_TOPIC = "arn:aws:sns:us-east-1:000000000000:simulated"


class AmazonSesPlay:
    """See `base.Play`."""

    provider = "email_ses"

    def take(self, request: HttpRequest) -> Taken | Answer:
        """The mail of a SendEmail call, or SES's refusal of it."""
        if request.method != "POST" or not urlsplit(request.url).path.endswith("/v2/email/outbound-emails"):
            return _refusal(404, "UnknownOperationException", "no such operation")
        if not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 Credential="):
            return _refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        try:
            said = json.loads(request.body)
            raw = base64.b64decode(said["Content"]["Raw"]["Data"])
            to = addresses_of([said["Destination"]["ToAddresses"][0].encode()])[0]
            tags = {tag["Name"]: tag["Value"] for tag in said.get("EmailTags", [])}
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return _refusal(400, "BadRequestException", "the request is no mail")
        message_id = f"0102{secrets.token_hex(6)}-{uuid.uuid4()}-000000"
        taken = taken_mail(raw, to=to, message_id=message_id, reference=tags.get("reference", ""))
        return taken or _refusal(400, "BadRequestException", "the request is no mail")

    def answer(self, taken: Taken) -> Answer:
        """SES's answer to a mail it took."""
        return json_answer(200, {"MessageId": taken.message_id})

    def status(
        self, taken: Taken, delivery: Delivery, at: datetime, account: AccountSettings, *, webhook_url: str
    ) -> Post | None:
        """The event of a configuration set."""
        stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        mail = {
            "messageId": taken.message_id,
            "timestamp": stamp,
            "destination": [taken.to],
            "tags": {"reference": [taken.reference]},
        }
        facts: dict[Delivery, dict[str, object]] = {
            Delivery.SENT: {"eventType": "Send", "send": {}},
            Delivery.DELIVERED: {"eventType": "Delivery", "delivery": {"timestamp": stamp, "recipients": [taken.to]}},
            Delivery.FAILED: {
                "eventType": "Bounce",
                "bounce": {
                    "bounceType": "Permanent",
                    "timestamp": stamp,
                    "bouncedRecipients": [
                        {"emailAddress": taken.to, "diagnosticCode": "smtp; 550 5.1.1 user unknown", "status": "5.1.1"}
                    ],
                },
            },
        }
        return _post({**facts[delivery], "mail": mail}, at, account, webhook_url) if delivery in facts else None

    def incoming(
        self, person: Person, text: str, at: datetime, account: AccountSettings, *, webhook_url: str, answers: str = ""
    ) -> Post:
        """The notification of a receipt rule with the whole mail."""
        to = our_address(account)
        # SES writes its own Message-ID into what it sends, and answers name that one.
        answered = f"{answers}@email.amazonses.com" if answers and "@" not in answers else answers
        raw = written_mail(person, text, at, to=to, answers=answered)
        passed = {name: {"status": "PASS"} for name in ("spfVerdict", "dkimVerdict", "dmarcVerdict", "spamVerdict")}
        said = {
            "notificationType": "Received",
            "receipt": {"recipients": [to], "action": {"type": "SNS", "encoding": "BASE64"}, **passed},
            "mail": {"messageId": secrets.token_hex(20), "source": person.address, "destination": [to]},
            "content": base64.b64encode(raw).decode(),
        }
        return _post(said, at, account, webhook_url)


def _post(said: object, at: datetime, account: AccountSettings, webhook_url: str) -> Post:
    notification = {
        "Type": "Notification",
        "MessageId": str(uuid.uuid4()),
        "TopicArn": secret_of(account, "topic_arn") or DEFAULT_TOPIC,
        "Message": json.dumps(said),
        "Timestamp": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "SignatureVersion": SIMULATED,
    }
    key = next(iter(account.thread_keys), b"")
    notification["Signature"] = simulated_signature(string_to_sign(notification) or "", key)
    headers = {"Content-Type": "text/plain; charset=UTF-8"}
    return Post(url=webhook_url, headers=headers, body=json.dumps(notification).encode())


def _refusal(status: int, kind: str, message: str) -> Answer:
    return json_answer(status, {"message": message}, **{"x-amzn-errortype": kind})


PLAY: Play = AmazonSesPlay()
