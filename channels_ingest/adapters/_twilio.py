"""What Twilio's channels have in common: the form, statuses, and the call that sends.

Twilio, "Twilio's request to your webhook URL", "Track outbound message status", "Message resource" (read 2026-11).
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from channels_ingest.adapters._twilio_errors import trouble_of
from channels_ingest.adapters._twilio_listing import TwilioListing
from channels_ingest.adapters._twilio_signature import form_digest, is_signed
from channels_ingest.adapters.base import AccountSettings, Delivery, PayloadError, Setting, check_own_number, clean
from channels_ingest.adapters.fetching import MediaRequest
from channels_ingest.adapters.forms import form_body, form_fields
from channels_ingest.adapters.reading import OddPartError, as_link, as_word, nameable
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
from channels_ingest.messages import Amendment, ConsentChange, Item, Located, NotUnderstood
from profiles.identity.values import Sender
from timeline.entries import AmendmentKind
from timeline.entries import Delivery as DeliveryState

Fields = Mapping[str, str]

SETTINGS: tuple[Setting, ...] = (
    Setting(name="auth_token", meaning="The Twilio account's token: signs every delivery", secret=True, required=True),
    Setting(name="account_sid", meaning="The Twilio account, AC…: needed to send and to fetch media"),
    Setting(
        name="from",
        meaning="The line's number, +1202…, or messaging service, MG…: needed to send",
        check=check_own_number,
    ),
    Setting(name="webhook_key", meaning="A shared key for webhooks, where Twilio signs with one", secret=True),
)

STATES: Mapping[str, DeliveryState] = MappingProxyType(
    {
        "accepted": DeliveryState.QUEUED,
        "scheduled": DeliveryState.QUEUED,
        "queued": DeliveryState.QUEUED,
        "sending": DeliveryState.QUEUED,
        "sent": DeliveryState.SENT,
        "delivered": DeliveryState.DELIVERED,
        "read": DeliveryState.READ,
        "undelivered": DeliveryState.FAILED,
        "failed": DeliveryState.FAILED,
        "canceled": DeliveryState.FAILED,
    }
)
_INBOUND = frozenset({"", "received", "receiving"})
MOST_MEDIA = 30  # Twilio sends at most ten
LONGEST_TEXT = 1_600
_ATTACHMENT_TYPES = ("image", "audio", "video")


class TwilioChannel(TwilioListing):
    """The half of an adapter that Twilio's channels share; see `base.Adapter` and `sending.Sends`."""

    provider: str
    channel: str
    settings: tuple[Setting, ...] = SETTINGS
    max_body_bytes = 262_144  # a text of 1,600 characters and ten links; Twilio names no limit
    kept_headers: tuple[str, ...] = (
        "x-twilio-signature",
        "x-twilio-webhooks-signature-settings",
        "i-twilio-idempotency-token",
        "content-type",
        "user-agent",
    )
    refusal_status = 403  # Twilio's own word for it; it does not retry either way
    route_setting = "from"
    api_url = "https://api.twilio.com"
    sending_settings: tuple[str, ...] = ("account_sid", "auth_token", "from")
    media_settings: tuple[str, ...] = ("account_sid", "auth_token")
    media_hosts: tuple[str, ...] = ("twilio.com",)
    #: What stands before every address of the channel in Twilio's fields.
    prefix = ""

    def handshake(self, query: Mapping[str, str], account: AccountSettings) -> str | None:
        """Twilio has none; a GET delivery would put what customers write into addresses, and so into logs."""
        return None

    def verify(self, delivery: Delivery, account: AccountSettings) -> bool:
        """Whether the account's token signed the form and the address."""
        return is_signed(delivery, account)

    def delivery_key(self, delivery: Delivery) -> str:
        """The digest of what Twilio signs; its idempotency token is not signed."""
        return form_digest(delivery)

    def normalise(self, delivery: Delivery, account: AccountSettings, received_at: datetime) -> list[Located]:
        """The one message or status of the form."""
        fields = form_fields(delivery.body)
        sid = as_word(fields.get("MessageSid")) or as_word(fields.get("SmsSid"))
        if not sid:
            raise PayloadError(f"expected Twilio's form of a message, got {len(fields)} fields without a MessageSid")
        is_status = "MessageStatus" in fields or fields.get("SmsStatus", "") not in _INBOUND
        try:
            self._check_channel(fields.get("To" if is_status else "From", ""))
            if is_status:
                items = status_items(fields, sid, delivery.query, received_at, self.prefix)
            else:
                items = self.message_items(fields, sid, account, received_at)
        except OddPartError as odd:
            items = [NotUnderstood(reason=str(odd))]
        ours = fields.get("From" if is_status else "To", "").removeprefix(self.prefix)
        number = as_word(ours) if ours.startswith("+") else ""
        route, line = self._route(number, account), "" if is_status else number
        return [Located(item=item, path="form", route=route, line=line) for item in items]

    def _check_channel(self, theirs: str) -> None:
        """Raises OddPartError for an address of another of Twilio's channels.

        A text message whose number leads to the WhatsApp line's URL must not gain WhatsApp's proof of its sender.
        """
        prefix, separator, _ = theirs.rpartition(":")
        if f"{prefix}{separator}" != self.prefix:
            raise OddPartError(f"{nameable(prefix) if prefix else 'sms'} on a line for {self.channel}")

    def _route(self, number: str, account: AccountSettings) -> str:
        """Which of our numbers it is about, as the setting writes it: one address for webhooks can serve several.

        Empty where the account is a whole messaging service, or says of no number.
        """
        own = account.plain.get("from", "")
        bare = own.removeprefix(self.prefix)
        return "" if not bare.startswith("+") else own if number == bare else number

    def message_items(self, fields: Fields, sid: str, account: AccountSettings, received_at: datetime) -> list[Item]:
        """What a customer wrote."""
        raise NotImplementedError

    def media_request(
        self, attachment: Mapping[str, Any], account: AccountSettings, *, api_url: str
    ) -> MediaRequest | None:
        """The link itself, with the account's own log-in; it redirects to where the file is, which gets none."""
        link = as_link(attachment.get("link"))
        if not link:
            return None
        if api_url != self.api_url:  # the simulator keeps the same paths
            link = f"{api_url}{urlsplit(link).path}"
        return MediaRequest(url=link, headers=_log_in(account))

    def media_found(self, answer: Answer, account: AccountSettings, *, api_url: str) -> MediaRequest | None:
        """Nothing: there is no look-up."""
        return None

    def render(self, outgoing: Outgoing, account: AccountSettings, *, api_url: str) -> HttpRequest:
        """The call that makes a message. Twilio has no place for the message that this one answers."""
        sid = account.plain.get("account_sid") or "AC0"
        fields = [("To", f"{self.prefix}{outgoing.address}"), self._sender(account), *self._content(outgoing)]
        fields.append(("StatusCallback", outgoing.status_url))
        return HttpRequest(
            method="POST",
            url=f"{api_url}/2010-04-01/Accounts/{quote(sid, safe='')}/Messages.json",
            headers={
                **_log_in(account),
                "content-type": "application/x-www-form-urlencoded",
                "accept": "application/json",
            },
            body=form_body(fields),
        )

    def _sender(self, account: AccountSettings) -> tuple[str, str]:
        ours = account.plain.get("from", "").removeprefix(self.prefix)
        if ours.startswith("MG"):
            return ("MessagingServiceSid", ours)
        return ("From", f"{self.prefix}{ours}")

    def _content(self, outgoing: Outgoing) -> list[tuple[str, str]]:
        """Text and files. Raises CannotSendError."""
        if outgoing.template is not None:
            return self.template_fields(outgoing)
        if not outgoing.text and not outgoing.files:
            raise CannotSendError(gettext_noop("the message is empty"))
        if len(outgoing.text) > LONGEST_TEXT:
            raise CannotSendError(gettext_noop("the message is too long: 1,600 characters are the most"))
        if len(outgoing.files) > 10:
            raise CannotSendError(gettext_noop("ten files are the most"))
        if any(not file.link for file in outgoing.files):
            raise CannotSendError(gettext_noop("Twilio fetches files from a public address, and this hub has none"))
        fields = [("Body", outgoing.text)] if outgoing.text else []
        return [*fields, *(("MediaUrl", file.link) for file in outgoing.files)]

    def file_rules(self, account: AccountSettings) -> FileRules:
        """What the channel takes."""
        raise NotImplementedError

    def template_fields(self, outgoing: Outgoing) -> list[tuple[str, str]]:
        """A template in the place of a text."""
        raise CannotSendError(gettext_noop("text messages have no templates"))

    def read_answer(self, answer: Answer) -> Outcome:
        """201 with a sid is a promise to try; a code says why not; after any other fault nobody knows."""
        said = answer.said()
        told = said.get("code")
        code = told if isinstance(told, int) else 0
        sid = as_word(said.get("sid"))
        if 200 <= answer.status < 300:
            return Accepted(provider_message_id=sid) if sid else Unclear(reason=NO_SID)
        if answer.status == 429:
            pause = _seconds(answer.headers.get("retry-after", ""))
            reason = trouble_of(20429).reason
            return TryLater(code=str(code or 429), reason=reason, after_seconds=pause, whole_account=True)
        if not 400 <= answer.status < 500 or answer.status == 408:
            return Unclear(
                reason=gettext_noop("Twilio had a fault of its own and did not say whether it took the message")
            )
        if not code and answer.status in (401, 403):
            code = 20003
        trouble = trouble_of(code, said.get("message"))
        if trouble.is_passing:
            return TryLater(code=str(code), reason=trouble.reason, whole_account=True)
        return Refused(code=str(code or answer.status), reason=trouble.reason, closes=trouble.closes)


NO_SID = gettext_noop("Twilio's answer names no message")


def status_items(fields: Fields, sid: str, query: str, received_at: datetime, prefix: str) -> list[Item]:
    """What became of a message that we sent; a word never heard of is kept and marks the envelope.

    Twilio gives a status no time; the minute of `RawDlrDoneDate` has no zone.
    """
    word = as_word(fields.get("MessageStatus")) or as_word(fields.get("SmsStatus"))
    if not word:
        raise OddPartError("status without a word")
    detail: dict[str, Any] = {"status": word, "delivery": STATES.get(word, DeliveryState.UNKNOWN).value}
    if errors := _errors(fields):
        detail["errors"] = errors
    if reference := reference_in(query):
        detail["reference"] = reference
    address = as_word(fields.get("To", "").removeprefix(prefix))
    amendment = Amendment(
        kind=AmendmentKind.STATUS,
        key=f"{sid}:{word}",
        target_message_id=sid,
        occurred_at=received_at,
        sender=Sender(address=address) if address else None,
        detail=detail,
    )
    return [amendment] if word in STATES else [amendment, NotUnderstood(reason=f"status {nameable(word)}")]


def _errors(fields: Fields) -> list[dict[str, Any]]:
    """The error of a failed message, in our words."""
    code = as_word(fields.get("ErrorCode"))
    if not code or code == "0":
        return []
    number = int(code) if code.isascii() and code.isdigit() and len(code) < 12 else 0
    trouble = trouble_of(number, fields.get("ChannelStatusMessage") or fields.get("ErrorMessage"))
    error: dict[str, Any] = {"code": number or code, "message": trouble.reason}
    return [error | ({"closes": trouble.closes} if trouble.closes else {})]


def reference_in(query: str) -> str:
    """Our own reference, which stands in the query of the address a status is posted to, and is signed with it."""
    return as_word((parse_qs(query).get("reference") or [""])[0])


def _log_in(account: AccountSettings) -> dict[str, str]:
    """The account's own log-in."""
    sid = account.plain.get("account_sid") or "AC0"
    token = next((token for token in account.secrets.get("auth_token", ()) if token), "")
    return {"authorization": f"Basic {base64.b64encode(f'{sid}:{token}'.encode()).decode()}"}


def media_of(fields: Fields) -> list[dict[str, Any]]:
    """What is still at Twilio, to be fetched with the account's credentials."""
    count = fields.get("NumMedia", "")
    number = int(count) if count.isascii() and count.isdigit() and len(count) < 4 else 0
    found = []
    for index in range(min(number, MOST_MEDIA)):
        if link := as_link(fields.get(f"MediaUrl{index}")):
            mime_type = clean(fields.get(f"MediaContentType{index}"))
            kind = mime_type.partition("/")[0]
            kind = kind if kind in _ATTACHMENT_TYPES else "document"
            found.append({"type": kind, "mime_type": mime_type, "link": link, "name": ""})
    return found


def content_of(fields: Fields) -> tuple[str, dict[str, Any]]:
    """Text and attachments, and how many parts the text came in."""
    text, detail = clean(fields.get("Body", "")), dict[str, Any](type="text")
    if attachments := media_of(fields):
        detail = {"type": attachments[0]["type"], "attachments": attachments}
    segments = fields.get("NumSegments", "")
    if segments.isascii() and segments.isdigit() and int(segments[:3]) > 1:
        detail["segments"] = int(segments[:3])
    return text, detail


def opting_items(fields: Fields, sid: str, sender: Sender, received_at: datetime) -> list[Item]:
    """What Twilio itself made of a keyword: it has answered and blocks the pair already (Advanced Opt-Out)."""
    kind = fields.get("OptOutType", "").upper()
    if kind not in ("STOP", "START"):
        return []
    return [
        ConsentChange(
            sender=sender,
            key=f"{sid}:consent",
            purpose="all",
            granted=kind == "START",
            occurred_at=received_at,
            source="provider",
            text=clean(fields.get("Body", "")),
            evidence=sid,
        )
    ]


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0.0
