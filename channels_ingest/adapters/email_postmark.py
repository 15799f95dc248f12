"""Postmark: mails that came in and what became of mails sent, as JSON; sending by its e-mail API.

Postmark, "Inbound webhook", "Bounce", "Delivery", "Spam complaint" and "Subscription change webhook", "Email API" (read
2026-11). It signs nothing, so its webhook address carries a password (Basic authentication).
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels_ingest.adapters._postmark_sending import PostmarkSending
from channels_ingest.adapters._postmark_verdict import verdict
from channels_ingest.adapters.base import AccountSettings, Delivery, PayloadError, Setting, clean, read_json
from channels_ingest.adapters.mail.events import complained, iso_moment, resubscribed, status, unsubscribed
from channels_ingest.adapters.mail.handed import handed_file
from channels_ingest.adapters.mail.headers import Headers, addresses_of, from_base64, headers_of
from channels_ingest.adapters.mail.items import Arrival, items_of
from channels_ingest.adapters.mail.reading import Mail, from_fields, read_mail
from channels_ingest.adapters.mail.settings import FROM, FROM_NAME, REPLY_ADDRESS, is_logged_in, password
from channels_ingest.adapters.reading import OddPartError, as_list, as_object, as_word, nameable
from channels_ingest.messages import AccountNotice, Item, Located, NotUnderstood
from timeline.entries import Delivery as State

#: Bounces that are no word about this mail's fate (Postmark, "Bounce types").
_NO_FAILURES = frozenset({"Transient", "AutoResponder", "AddressChange", "OpenRelayTest", "ChallengeVerification"})


class Postmark(PostmarkSending):
    """The adapter; see `base.Adapter` and `sending.Sends`."""

    provider = "email_postmark"
    channel = "email"
    settings: tuple[Setting, ...] = (
        password("Postmark"),
        FROM,
        FROM_NAME,
        REPLY_ADDRESS,
        Setting(name="server_token", meaning="The Postmark server's API token; needed to send", secret=True),
        Setting(name="message_stream", meaning="The stream that mails are sent in; Postmark's 'outbound' by default"),
    )
    max_body_bytes = 60_000_000  # Postmark takes 35 MB of files, which base64 makes 47
    kept_headers: tuple[str, ...] = ("authorization", "content-type", "user-agent")
    refusal_status = 401
    route_setting = ""

    def handshake(self, query: Mapping[str, str], account: AccountSettings) -> str | None:
        """There is none."""
        return None

    def verify(self, delivery: Delivery, account: AccountSettings) -> bool:
        """Whether the password of the webhook's address came along."""
        return is_logged_in(delivery, account)

    def delivery_key(self, delivery: Delivery) -> str:
        """The digest of the body: it is the same at each retry, and the only id that every record has."""
        return hashlib.sha256(delivery.body).hexdigest()

    def normalise(self, delivery: Delivery, account: AccountSettings, received_at: datetime) -> list[Located]:
        """The mail, or what a record says of one that we sent."""
        payload = read_json(delivery.body)
        kind = as_word(payload.get("RecordType"))
        if not kind and not (isinstance(payload.get("FromFull"), dict) and payload.get("MessageID")):
            raise PayloadError("expected a record of Postmark or an inbound mail")
        path = nameable(kind) if kind else "mail"
        try:
            items = _event(kind, payload, received_at) if kind else _inbound(payload, account, received_at)
        except OddPartError as odd:
            items = [NotUnderstood(reason=str(odd))]
        return [Located(item=item, path=path) for item in items]


def _inbound(payload: Mapping[str, Any], account: AccountSettings, received_at: datetime) -> list[Item]:
    listed = [each for each in as_list(payload.get("Headers")) if isinstance(each, dict)]
    told = headers_of((clean(each.get("Name")), clean(each.get("Value"))) for each in listed)
    raw = clean(payload.get("RawEmail"))
    if raw and raw.isascii():  # other letters came through a charset of Postmark's choice: its own fields are better
        mail = read_mail(raw.encode())
    else:
        raw, mail = "", _from_json(payload, told)
    traced = told if told.first("received") else mail.headers
    arrival = Arrival(
        verdict=verdict(traced, mail.headers),
        received_at=received_at,
        envelope_to=addresses_of([clean(payload.get("OriginalRecipient")).encode()]),
        raw=raw.encode(),
        is_spam=told.text("x-spam-status").lower().startswith("yes"),
    )
    return items_of(mail, arrival, account)


def _from_json(payload: Mapping[str, Any], told: Headers) -> Mail:
    """The mail as Postmark took it apart. Its list of fields leaves out those that have names of their own."""
    sender = as_object(payload.get("FromFull"))
    name, address = clean(sender.get("Name")), clean(sender.get("Email"))
    quoted = name.replace("\\", "").replace('"', "'")
    own = {
        "from": f'"{quoted}" <{address}>' if quoted else address,
        "to": ", ".join(_addresses(payload.get("ToFull"))),
        "cc": ", ".join(_addresses(payload.get("CcFull"))),
        "subject": clean(payload.get("Subject")),
        "date": clean(payload.get("Date")),
        "reply-to": clean(payload.get("ReplyTo")),
    }
    given = {name for name, _ in told.fields}
    more = headers_of((name, value) for name, value in own.items() if value and name not in given)
    files = [
        handed_file(
            clean(file.get("Name")),
            clean(file.get("ContentType")),
            from_base64(clean(file.get("Content") or file.get("Data")).encode()),
            number=number,
            content_id=clean(file.get("ContentID")),
        )
        for number, file in enumerate(as_list(payload.get("Attachments")), start=1)
        if isinstance(file, dict)
    ]
    headers = Headers(told.fields + more.fields)
    return from_fields(headers, clean(payload.get("TextBody")), clean(payload.get("HtmlBody")), files)


def _addresses(listed: object) -> list[str]:
    return [clean(each.get("Email")) for each in as_list(listed) if isinstance(each, dict)]


def _event(kind: str, payload: Mapping[str, Any], received_at: datetime) -> list[Item]:
    message_id = as_word(payload.get("MessageID"))
    address = as_word(payload.get("Recipient") or payload.get("Email"))
    stamps = ("DeliveredAt", "BouncedAt", "ChangedAt", "ReceivedAt")
    at = next((iso_moment(payload[name], otherwise=received_at) for name in stamps if payload.get(name)), received_at)
    key = f"postmark:{kind}:{as_word(payload.get('ID')) or message_id}:{address}"
    about: dict[str, Any] = {
        "key": key if kind != "SubscriptionChange" else f"{key}:{at.isoformat()}",
        "target": message_id,
        "at": at,
        "reference": as_word(as_object(payload.get("Metadata")).get("reference")),
        "recipient": address,
    }
    if kind == "Delivery":
        return [status("delivered", State.DELIVERED, **about)]
    if kind in ("Open", "Click"):  # programs open mails too, so it says no more than that it is there
        return [status(kind.lower(), State.DELIVERED, **about)]
    if kind == "Bounce":
        return [_bounce(payload, about)]
    if kind == "SpamComplaint":
        return [complained(address, key=about["key"], at=at)]
    if kind == "SubscriptionChange":
        return [_subscription(payload, address, about["key"], at)]
    raise OddPartError(f"record {nameable(kind)}")


def _bounce(payload: Mapping[str, Any], about: Mapping[str, Any]) -> Item:
    bounce_type = as_word(payload.get("Type"))
    if bounce_type in ("Unsubscribe", "Subscribe"):
        change = unsubscribed if bounce_type == "Unsubscribe" else resubscribed
        return change(about["recipient"], key=about["key"], at=about["at"])
    if bounce_type in _NO_FAILURES:
        return status(bounce_type.lower(), State.SENT, **about)
    reason = clean(payload.get("Details")) or clean(payload.get("Description"))
    return status("bounced", State.FAILED, code=bounce_type, reason=reason, **about)


def _subscription(payload: Mapping[str, Any], address: str, key: str, at: datetime) -> Item:
    """What the recipient did; a suppression after a bounce or by staff says nothing of their will."""
    if as_word(payload.get("Origin")) == "Recipient":
        change = unsubscribed if payload.get("SuppressSending") is True else resubscribed
        return change(address, key=key, at=at)
    reason = as_word(payload.get("SuppressionReason"))
    return AccountNotice(key=key, kind="suppression", occurred_at=at, detail={"reason": nameable(reason or "lifted")})


ADAPTER = Postmark()
