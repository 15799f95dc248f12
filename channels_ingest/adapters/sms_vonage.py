"""Text messages through Vonage: the Messages API (v1 and the older v0 layout), and what the old SMS API posts.

Vonage, "Messages API", "Inbound SMS", "Delivery receipts" (read 2026-11). The old API's webhooks are taken only by an
account that names its signature method; they must be set to POST or POST-JSON.
"""

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from channels_ingest.adapters._public_links import PublicLinks
from channels_ingest.adapters._vonage_errors import CREDENTIALS, error_of, errors_of, receipt_errors_of
from channels_ingest.adapters._vonage_signature import (
    SMS_METHODS,
    WINDOW,
    check_method,
    delivery_digest,
    flat,
    is_signed,
    payload_of,
)
from channels_ingest.adapters.base import (
    AccountSettings,
    Adapter,
    Delivery,
    PayloadError,
    Setting,
    check_own_number,
    clean,
    clean_json,
)
from channels_ingest.adapters.reading import (
    OddPartError,
    as_iso_moment,
    as_link,
    as_list,
    as_object,
    as_word,
    first_word,
    nameable,
)
from channels_ingest.adapters.sending import (
    Accepted,
    Answer,
    CannotSendError,
    FileRules,
    HttpRequest,
    Outcome,
    Outgoing,
    Refused,
    TryLater,
    Unclear,
)
from channels_ingest.adapters.words import gettext_noop
from channels_ingest.messages import Amendment, Item, Located, Message, NotUnderstood
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender
from timeline.entries import AmendmentKind, Direction
from timeline.entries import Delivery as DeliveryState

_NUMBER = re.compile(r"\+?[1-9]\d{6,14}")
_SHORT_CODE = re.compile(r"\d{3,6}")
_CHANNELS = ("sms", "mms", "")
LONGEST_TEXT = 1_000

STATES: Mapping[str, DeliveryState] = MappingProxyType(
    {
        # Messages API
        "submitted": DeliveryState.SENT,
        "delivered": DeliveryState.DELIVERED,
        "read": DeliveryState.READ,
        "rejected": DeliveryState.FAILED,
        "undeliverable": DeliveryState.FAILED,
        # SMS API
        "accepted": DeliveryState.SENT,
        "buffered": DeliveryState.SENT,
        "expired": DeliveryState.FAILED,
        "failed": DeliveryState.FAILED,
        "unknown": DeliveryState.UNKNOWN,
    }
)
_FILES: Mapping[str, str] = MappingProxyType(
    {
        "image": "image",
        "audio": "audio",
        "video": "video",
        "file": "document",
        "vcard": "document",
        "sticker": "sticker",
    }
)


class SmsVonage(PublicLinks):
    """See `base.Adapter`, `sending.Sends` and `fetching.FetchesMedia`."""

    provider = "sms_vonage"
    channel = "sms"
    settings: tuple[Setting, ...] = (
        Setting(
            name="signature_secret",
            meaning="The Vonage account's signature secret: signs every delivery",
            secret=True,
            required=True,
        ),
        Setting(name="api_key", meaning="The Vonage account's key: needed to send"),
        Setting(name="api_secret", meaning="The key's secret: needed to send", secret=True),
        Setting(
            name="from", meaning="The line's number, digits only, or its name: needed to send", check=check_own_number
        ),
        Setting(name="application_id", meaning="The Vonage application; with it no other one's deliveries are taken"),
        Setting(
            name="sms_signature",
            meaning=f"Takes the old SMS API's webhooks too, signed by {', '.join(SMS_METHODS)}",
            check=check_method,
        ),
    )
    max_body_bytes = 262_144
    kept_headers: tuple[str, ...] = ("authorization", "content-type", "user-agent")
    refusal_status = 401
    #: Customers' numbers come without a plus sign, and are addresses as they come.
    has_bare_numbers = True
    route_setting = "from"
    api_url = "https://api.nexmo.com"
    sending_settings: tuple[str, ...] = ("api_key", "api_secret", "from")
    window: timedelta = WINDOW

    def handshake(self, query: Mapping[str, str], account: AccountSettings) -> str | None:
        """Vonage has none; a GET delivery would put what customers write into addresses, and so into logs."""
        return None

    def verify(self, delivery: Delivery, account: AccountSettings) -> bool:
        """Whether a secret of the account signed this body, not too long ago."""
        return is_signed(delivery, account)

    def delivery_key(self, delivery: Delivery) -> str:
        """The digest of what is signed, the same for each retry."""
        return delivery_digest(delivery)

    def normalise(self, delivery: Delivery, account: AccountSettings, received_at: datetime) -> list[Located]:
        """The one message or status of the delivery."""
        payload = payload_of(delivery.body)
        try:
            if "message_uuid" in payload:
                items, line = _messages_items(payload, received_at)
            elif payload.get("messageId"):
                items, line = _sms_items(flat(payload), received_at)
            else:
                raise PayloadError(f"expected a message of Vonage's, got {len(payload)} fields without its id")
        except OddPartError as odd:
            items, line = [NotUnderstood(reason=str(odd))], ""
        told = _NUMBER.fullmatch(line) and any(isinstance(item, Message) for item in items)
        ours = f"+{line.removeprefix('+')}" if told else ""
        return [Located(item=item, path="message", route=_route(line, account), line=ours) for item in items]

    def file_rules(self, account: AccountSettings) -> FileRules:
        """None: Vonage's number for text messages sends text."""
        return FileRules(refusal=gettext_noop("This line sends text only."))

    def render(self, outgoing: Outgoing, account: AccountSettings, *, api_url: str) -> HttpRequest:
        """A call of the Messages API. Raises CannotSendError."""
        if outgoing.template is not None:
            raise CannotSendError(gettext_noop("text messages have no templates"))
        if outgoing.files:
            raise CannotSendError(gettext_noop("this line sends text only"))
        if not outgoing.text:
            raise CannotSendError(gettext_noop("the message is empty"))
        if len(outgoing.text) > LONGEST_TEXT:
            raise CannotSendError(gettext_noop("the message is too long: 1,000 characters are the most"))
        key = account.plain.get("api_key", "")
        secret = next((secret for secret in account.secrets.get("api_secret", ()) if secret), "")
        message = {
            "channel": "sms",
            "message_type": "text",
            "to": outgoing.address.removeprefix("+"),
            "from": account.plain.get("from", "").removeprefix("+"),
            "text": clean(outgoing.text),
            "client_ref": outgoing.reference,
            "webhook_url": outgoing.status_url,
            "webhook_version": "v1",
        }
        return HttpRequest(
            method="POST",
            url=f"{api_url}/v1/messages",
            headers={
                "authorization": f"Basic {base64.b64encode(f'{key}:{secret}'.encode()).decode()}",
                "content-type": "application/json",
                "accept": "application/json",
            },
            body=json.dumps(message).encode(),
        )

    def read_answer(self, answer: Answer) -> Outcome:
        """202 with an id is a promise to try; a problem says why not; after any other fault nobody knows."""
        said = answer.said()
        if 200 <= answer.status < 300:
            message_id = as_word(said.get("message_uuid"))
            return Accepted(provider_message_id=message_id) if message_id else Unclear(reason=NO_ID)
        number, trouble = error_of(said)
        if answer.status == 429 or trouble.is_passing:
            pause = answer.headers.get("retry-after", "")
            seconds = float(pause) if pause.isascii() and pause.isdigit() and len(pause) < 7 else 0.0
            reason = error_of({"code": 1000})[1].reason
            return TryLater(code=str(number or 429), reason=reason, after_seconds=seconds, whole_account=True)
        if not 400 <= answer.status < 500 or answer.status == 408:
            return Unclear(reason=FAULT)
        reason = CREDENTIALS if answer.status in (401, 403) and not number else trouble.reason
        return Refused(code=str(number or answer.status), reason=reason, closes=trouble.closes)


NO_ID = gettext_noop("Vonage's answer names no message")
FAULT = gettext_noop("Vonage had a fault of its own and did not say whether it took the message")


def _route(line: str, account: AccountSettings) -> str:
    """Which of our numbers it is about, as the setting writes it: one address for webhooks can serve several."""
    own = account.plain.get("from", "")
    if not _NUMBER.fullmatch(own) or not _NUMBER.fullmatch(line):
        return ""
    return own if own.removeprefix("+") == line.removeprefix("+") else line


def _party(value: object) -> tuple[str, str]:
    """`(address, channel)` of one side: a string in v1, an object in v0."""
    if isinstance(value, dict):
        return first_word(value, "number", "id"), as_word(value.get("type"))
    return as_word(value), ""


def _messages_items(payload: dict[str, Any], received_at: datetime) -> tuple[list[Item], str]:
    """Items of the Messages API, and our own side of them."""
    message_id = as_word(payload.get("message_uuid"))
    if not message_id:
        raise OddPartError("message without an id")
    theirs, theirs_on = _party(payload.get("from"))
    ours, _ = _party(payload.get("to"))
    channel = as_word(payload.get("channel")) or theirs_on
    if channel not in _CHANNELS:
        raise OddPartError(f"channel {nameable(channel)} on a line for text messages")
    at = as_iso_moment(payload.get("timestamp"), otherwise=received_at)
    if "status" in payload and not ("message" in payload or "message_type" in payload):
        status = as_word(payload.get("status"))
        facts = {"errors": errors_of(payload), "reference": as_word(payload.get("client_ref"))}
        return _status_items(message_id, status, ours, at, facts), theirs
    text, detail, reason = _content(payload)
    message = _message(_sender(theirs), message_id, at, text, detail, reason)
    return ([message, NotUnderstood(reason=reason)] if reason else [message]), ours


def _content(payload: dict[str, Any]) -> tuple[str, dict[str, Any], str]:
    """Text, detail and what was not understood. The content is the message itself (v1) or a part of it (v0)."""
    content = as_object(as_object(payload.get("message")).get("content")) or payload
    kind = as_word(content.get("message_type")) or as_word(content.get("type"))
    if kind == "text":
        return clean(content.get("text")), {"type": "text"}, ""
    files = [(kind, as_object(content.get(kind)))] if kind in _FILES else []
    if kind == "content":  # a mixture, each part with its type and link
        files = [(as_word(as_object(part).get("type")), as_object(part)) for part in as_list(content.get("content"))]
    attachments = [
        {"type": _FILES[word], "mime_type": "", "link": link, "name": clean(file.get("name"))}
        for word, file in files
        if word in _FILES and (link := as_link(file.get("url")))
    ]
    if not attachments:
        return "", {"type": "unsupported", "raw": clean_json(payload)}, f"message type {nameable(kind)}"
    caption = next((clean(file.get("caption")) for _, file in files if file.get("caption")), "")
    text = caption or clean(content.get("text"))
    return text, {"type": attachments[0]["type"], "attachments": attachments}, ""


def _sms_items(fields: Mapping[str, str], received_at: datetime) -> tuple[list[Item], str]:
    """Items of the old SMS API, and our own side of them. In a receipt too `msisdn` is the customer and `to` is us."""
    message_id, theirs, ours = (as_word(fields.get(name)) for name in ("messageId", "msisdn", "to"))
    if not message_id:
        raise OddPartError("message without an id")
    at = as_iso_moment(fields.get("message-timestamp"), otherwise=received_at)
    if "status" in fields:
        facts = {"errors": receipt_errors_of(dict(fields)), "reference": as_word(fields.get("client-ref"))}
        return _status_items(message_id, as_word(fields.get("status")), theirs, at, facts), ours
    kind, reason = fields.get("type", ""), ""
    detail: dict[str, Any] = {"type": "text"}
    if kind not in ("text", "unicode", ""):
        detail, reason = {"type": "unsupported", "raw": clean_json(dict(fields))}, f"message type {nameable(kind)}"
    elif part := _part(fields):
        detail["part"] = part
    text = "" if reason else clean(fields.get("text"))
    message = _message(_sender(theirs), message_id, at, text, detail, reason)
    return ([message, NotUnderstood(reason=reason)] if reason else [message]), ours


def _part(fields: Mapping[str, str]) -> dict[str, Any]:
    """Which part of a long text this is; parts come one by one, each with an id of its own. See `joining`."""
    if fields.get("concat") != "true":
        return {}
    number, total = as_word(fields.get("concat-part")), as_word(fields.get("concat-total"))
    if not all(word.isascii() and word.isdigit() and len(word) < 4 for word in (number, total)):
        return {}
    reference = as_word(fields.get("concat-ref"))
    if not reference or not 1 <= int(number) <= int(total) or int(total) < 2:
        return {}
    return {"number": int(number), "total": int(total), "of": reference}


def _message(sender: Sender, message_id: str, at: datetime, text: str, detail: dict[str, Any], reason: str) -> Message:
    return Message(
        sender=sender,
        provider_message_id=message_id,
        occurred_at=at,
        direction=Direction.IN,
        text=text,
        detail=detail,
        placeholder=bool(reason),
    )


def _status_items(message_id: str, word: str, to: str, at: datetime, facts: dict[str, Any]) -> list[Item]:
    """What became of a message that we sent; a word never heard of is kept and marks the envelope."""
    if not word:
        raise OddPartError("status without a word")
    detail = {"status": word, "delivery": STATES.get(word, DeliveryState.UNKNOWN).value}
    amendment = Amendment(
        kind=AmendmentKind.STATUS,
        key=f"{message_id}:{word}",
        target_message_id=message_id,
        occurred_at=at,
        sender=Sender(address=to) if to else None,
        detail=detail | {name: value for name, value in facts.items() if value},
    )
    return [amendment] if word in STATES else [amendment, NotUnderstood(reason=f"status {nameable(word)}")]


def _sender(address: str) -> Sender:
    """Who texted: weak, as every text message's sender. Short codes and names join nobody. Raises OddPartError."""
    if not address:
        raise OddPartError("nobody named as the customer")
    if _NUMBER.fullmatch(address):
        phone = SeenIdentifier(IdentifierKind.PHONE, f"+{address.removeprefix('+')}", "", Grade.WEAK)
        return Sender(address=address, identifiers=(phone,))
    return Sender(address=address, reply_refusal="short_code" if _SHORT_CODE.fullmatch(address) else "sender_name")


ADAPTER: Adapter = SmsVonage()
