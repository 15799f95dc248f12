"""Twilio as the simulator plays it: its API for messages, signed status callbacks, signed incoming messages."""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit

from channels_ingest.adapters._twilio_signature import HEADER, signatures
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.forms import form_body, form_fields, form_pairs
from channels_ingest.adapters.sending import Answer, HttpRequest
from channels_ingest.simulator.plays._twilio_listing import listing, message_id_of
from channels_ingest.simulator.plays.base import Person, Post, Taken
from timeline.entries import Delivery

_PATH = re.compile(r".*/2010-04-01/Accounts/(?P<sid>[^/]+)/Messages\.json")
#: Whose number the line has when none is set: Twilio's own for tests.
OUR_NUMBER = "+15005550006"
LONGEST_TEXT = 1_600
_WORDS: Mapping[Delivery, str] = MappingProxyType(
    {
        Delivery.QUEUED: "queued",
        Delivery.SENT: "sent",
        Delivery.DELIVERED: "delivered",
        Delivery.READ: "read",
        Delivery.FAILED: "undelivered",
    }
)
_FAILURE = "30003"


class TwilioPlay:
    """See `base.Play`."""

    provider: str
    prefix = ""
    reports_reading = False

    def take(self, request: HttpRequest) -> Taken | Answer:
        """The message of a "create message" call, or Twilio's refusal of it."""
        called = _PATH.fullmatch(urlsplit(request.url).path)
        if request.method != "POST" or called is None:
            return refusal(404, 20404, "The requested resource was not found")
        if not request.headers.get("authorization", "").startswith("Basic "):
            return refusal(401, 20003, "Authenticate")
        fields = form_fields(request.body)
        to = fields.get("To", "")
        if not re.fullmatch(re.escape(self.prefix) + r"(\+?\d{3,15}|[A-Z]{2}\.[A-Za-z0-9.]+)", to):
            return refusal(400, 21211, "The 'To' number is not a valid phone number.")
        if not (fields.get("From", "").removeprefix(self.prefix) or fields.get("MessagingServiceSid")):
            fields["From"] = f"{self.prefix}{OUR_NUMBER}"  # an account without a number sends in the simulator alone
        text = fields.get("Body", "")
        template = fields.get("ContentSid", "")
        media = [value.decode("utf-8", "replace") for name, value in form_pairs(request.body) if name == b"MediaUrl"]
        if not (text or template or media):
            return refusal(400, 21619, "Message body must be specified")
        if len(text) > LONGEST_TEXT:
            return refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        status_url = fields.get("StatusCallback", "")
        return Taken(
            message_id=f"{'MM' if media else 'SM'}{secrets.token_hex(16)}",
            to=to.removeprefix(self.prefix),
            text=text or template,
            reference=(parse_qs(urlsplit(status_url).query).get("reference") or [""])[0],
            status_url=status_url,
            extra={
                "account_sid": called["sid"],
                "from": fields.get("From", ""),
                "variables": fields.get("ContentVariables", ""),
                "files": "\n".join(media),
            },
        )

    def answer(self, taken: Taken) -> Answer:
        """Twilio's answer to a message it took."""
        said = {
            "sid": taken.message_id,
            "account_sid": taken.extra.get("account_sid", ""),
            "status": "queued",
            "to": f"{self.prefix}{taken.to}",
            "from": taken.extra.get("from", ""),
            "body": taken.text,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
        }
        return Answer(status=201, body=json.dumps(said).encode(), headers={"content-type": "application/json"})

    def refuse(self, code: str) -> Answer:
        """The API's refusal with an error code of Twilio's, or with an HTTP status."""
        number = int(code) if code.isascii() and code.isdigit() and len(code) < 6 else 400
        status = {20003: 401, 20404: 404, 20429: 429}.get(number, number if 400 <= number < 600 else 400)
        return refusal(status, 20429 if number == 429 else number, "The simulator was told to refuse it")

    def status(
        self, taken: Taken, delivery: Delivery, at: datetime, account: AccountSettings, *, webhook_url: str
    ) -> Post | None:
        """The status callback, posted to the address the sender gave along."""
        word = _WORDS.get(delivery)
        if word is None or not taken.status_url or (delivery is Delivery.READ and not self.reports_reading):
            return None
        fields = {
            "SmsSid": taken.message_id,
            "SmsStatus": word,
            "MessageStatus": word,
            "To": f"{self.prefix}{taken.to}",
            "From": f"{self.prefix}{our_number(account, self.prefix)}",
            "MessageSid": taken.message_id,
            "AccountSid": taken.extra.get("account_sid", ""),
            "ApiVersion": "2010-04-01",
        }
        if delivery is Delivery.FAILED:
            fields["ErrorCode"] = taken.extra.get("failure", _FAILURE)
        if delivery is Delivery.DELIVERED:
            fields["RawDlrDoneDate"] = at.strftime("%y%m%d%H%M")
        return signed_post(taken.status_url, fields, account)

    def incoming(
        self, person: Person, text: str, at: datetime, account: AccountSettings, *, webhook_url: str, answers: str = ""
    ) -> Post:
        """A message of a customer. Twilio tells no time."""
        sid = f"SM{secrets.token_hex(16)}"
        fields = {
            "SmsMessageSid": sid,
            "NumMedia": "0",
            "SmsSid": sid,
            "SmsStatus": "received",
            "Body": text,
            "To": f"{self.prefix}{our_number(account, self.prefix)}",
            "NumSegments": "1",
            "MessageSid": sid,
            "AccountSid": account.plain.get("account_sid", "AC0"),
            "From": f"{self.prefix}{person.address}",
            "ApiVersion": "2010-04-01",
            **self.more_of(person, answers),
        }
        return signed_post(webhook_url, fields, account)

    def message_id_of(self, post: Post) -> str:
        """See `base.PlaysListing`."""
        return message_id_of(post)

    def listing(self, request: HttpRequest, kept: Sequence[tuple[datetime, bytes]]) -> Answer | None:
        """See `base.PlaysListing`."""
        try:
            return listing(request, kept)
        except ValueError:
            return refusal(400, 20001, "Invalid parameter")

    def more_of(self, person: Person, answers: str) -> dict[str, str]:
        """What the channel tells besides."""
        return {}


def our_number(account: AccountSettings, prefix: str) -> str:
    """The line's own number."""
    own = account.plain.get("from", "").removeprefix(prefix)
    return own if own.startswith("+") else OUR_NUMBER


def signed_post(url: str, fields: Mapping[str, str], account: AccountSettings) -> Post:
    """The form, signed with the account's newest token for this address."""
    body = form_body(list(fields.items()))
    token = next((token for token in account.secrets.get("auth_token", ()) if token), "")
    signature = next(iter(signatures(url, form_pairs(body), [token])))
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "user-agent": "TwilioProxy/1.1",
        "i-twilio-idempotency-token": secrets.token_hex(16),
        HEADER: signature,
    }
    return Post(url=url, headers=headers, body=body)


def refusal(status: int, code: int, message: str) -> Answer:
    """An error as Twilio words it."""
    said = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Answer(status=status, body=json.dumps(said).encode(), headers={"content-type": "application/json"})
