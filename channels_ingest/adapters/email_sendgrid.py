"""SendGrid: Inbound Parse (taken apart, or raw), the event webhook, and sending.

SendGrid, "Inbound email parse webhook", "Event webhook", "Mail Send" (read 2026-11). Its fields are multipart bytes,
each in a charset of its own. It signs events, and since 2025 parsed mails, if the account's owner turns that on: with
the public key set here every delivery must be signed. The password in the webhook's address is needed in any case.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from channels_ingest.adapters._sendgrid_sending import SendGridSending
from channels_ingest.adapters.base import AccountSettings, Delivery, PayloadError, Setting, clean, read_any_json
from channels_ingest.adapters.mail.events import complained, resubscribed, status, unix_moment, unsubscribed
from channels_ingest.adapters.mail.forms import Form, read_form
from channels_ingest.adapters.mail.handed import handed_file
from channels_ingest.adapters.mail.headers import addresses_of, split_head
from channels_ingest.adapters.mail.items import Arrival, items_of
from channels_ingest.adapters.mail.reading import Mail, from_fields, read_mail
from channels_ingest.adapters.mail.settings import FROM, FROM_NAME, REPLY_ADDRESS, is_logged_in, password
from channels_ingest.adapters.mail.verdict import domain_of
from channels_ingest.adapters.reading import OddPartError, as_object, as_word, digest, nameable
from channels_ingest.messages import Item, Located, NotUnderstood
from profiles.identity.from_header import Verdict
from timeline.entries import Delivery as State

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
#: SendGrid sends what happened within some seconds together, in less than a megabyte.
MOST_EVENTS = 10_000
#: `{@example.org : pass, @other.example : fail}`; anything else is nothing.
_DKIM = re.compile(r"\{\s*(@[A-Za-z0-9._-]+ : [a-z]+(?:, @[A-Za-z0-9._-]+ : [a-z]+)*)\s*\}")
_FILE = re.compile(r"attachment\d{1,4}")
SPAM_SCORE = 5.0  # SpamAssassin's own line


class SendGrid(SendGridSending):
    """The adapter; see `base.Adapter` and `sending.Sends`."""

    provider = "email_sendgrid"
    channel = "email"
    settings: tuple[Setting, ...] = (
        password("SendGrid"),
        Setting(
            name="public_key",
            meaning="SendGrid's verification key, if you turned on signatures for Inbound Parse and for events",
            secret=True,  # it is none, but several hold while it is changed
        ),
        FROM,
        FROM_NAME,
        REPLY_ADDRESS,
        Setting(name="api_key", meaning="A SendGrid API key that may send mail; needed to send", secret=True),
    )
    max_body_bytes = 50_000_000  # SendGrid takes mails of 30 MB
    kept_headers: tuple[str, ...] = ("authorization", SIGNATURE, TIMESTAMP, "content-type", "user-agent")
    refusal_status = 401
    route_setting = ""

    def handshake(self, query: Mapping[str, str], account: AccountSettings) -> str | None:
        """There is none."""
        return None

    def verify(self, delivery: Delivery, account: AccountSettings) -> bool:
        """Whether the password came along, and the signature of one of the public keys if there are any."""
        if not is_logged_in(delivery, account):
            return False
        keys = [key for key in account.secrets.get("public_key", ()) if key]
        return not keys or any(_is_signed(delivery, key) for key in keys)

    def delivery_key(self, delivery: Delivery) -> str:
        """The digest of the body: Inbound Parse gives no id."""
        return hashlib.sha256(delivery.body).hexdigest()

    def normalise(self, delivery: Delivery, account: AccountSettings, received_at: datetime) -> list[Located]:
        """The mail, or each of the events."""
        if delivery.body.lstrip()[:1] == b"[":
            return _events(read_any_json(delivery.body), received_at)
        try:
            items = _inbound(read_form(delivery.body), account, received_at)
        except OddPartError as odd:
            items = [NotUnderstood(reason=str(odd))]
        return [Located(item=item, path="mail") for item in items]


def _is_signed(delivery: Delivery, key: str) -> bool:
    """Whether `key` (base64 of DER) signed the timestamp and the raw body."""
    try:
        public = load_der_public_key(base64.b64decode(key, validate=True))
        signature = base64.b64decode(delivery.headers.get(SIGNATURE, ""), validate=True)
        stamp = delivery.headers.get(TIMESTAMP, "").encode("ascii")
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return False
        public.verify(signature, stamp + delivery.body, ec.ECDSA(SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError):
        return False
    return True


def _inbound(form: Form, account: AccountSettings, received_at: datetime) -> list[Item]:
    whole = form.first("email")
    if whole is None and form.first("headers") is None:
        raise PayloadError("expected a parsed mail: email, or headers")
    mail = read_mail(whole.content) if whole else _from_form(form)
    envelope = _json_object(form, "envelope")
    listed = envelope.get("to")
    recipients = [each.encode() for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    arrival = Arrival(
        verdict=_verdict(form, clean(envelope.get("from"))),
        received_at=received_at,
        envelope_to=addresses_of(recipients),
        raw=whole.content if whole else b"",
        is_spam=_score(form.text("spam_score")) >= SPAM_SCORE,
    )
    return items_of(mail, arrival, account)


def _from_form(form: Form) -> Mail:
    """The mail as SendGrid took it apart: each text field is in the charset that `charsets` says."""
    charsets = _json_object(form, "charsets")
    known = _json_object(form, "attachment-info")
    field = form.first("headers")
    headers, _ = split_head((field.content if field else b"").strip(b"\r\n") + b"\n\n")
    files = []
    for number, file in enumerate((f for f in form.fields if _FILE.fullmatch(f.name)), start=1):
        told = as_object(known.get(file.name))
        files.append(
            handed_file(
                clean(told.get("filename") or told.get("name")) or file.filename or "",
                clean(told.get("type")) or file.mime_type,
                file.content,
                number=number,
                content_id=clean(told.get("content-id")),
            )
        )
    text = form.text("text", clean(charsets.get("text")) or "utf-8")
    markup = form.text("html", clean(charsets.get("html")) or "utf-8")
    return from_fields(headers, text, markup, files)


def _json_object(form: Form, name: str) -> dict[str, Any]:
    try:
        return as_object(read_any_json(form.text(name).encode("utf-8", "replace") or b"{}"))
    except PayloadError:
        return {}


def _verdict(form: Form, envelope_from: str) -> Verdict:
    """SendGrid's own fields, which stand beside the mail and not in it; none where the mail may have written them."""
    if not form.is_sound:
        return Verdict()
    match = _DKIM.fullmatch(form.text("dkim").strip())
    results = [each.partition(" : ") for each in match[1].split(", ")] if match else []
    return Verdict(
        spf=form.text("SPF").strip().lower(),
        spf_domain=domain_of(envelope_from),
        dkim_domains=tuple(dict.fromkeys(domain[1:] for domain, _, result in results if result == "pass")),
    )


def _score(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _events(payload: object, received_at: datetime) -> list[Located]:
    if not isinstance(payload, list) or not payload or not any(isinstance(each, dict) for each in payload):
        raise PayloadError("expected a list of events")
    if len(payload) > MOST_EVENTS:
        raise PayloadError(f"expected at most {MOST_EVENTS:,} events in one delivery, got {len(payload):,}")
    found = []
    for number, each in enumerate(payload):
        try:
            item = _event(as_object(each), received_at)
        except OddPartError as odd:
            item = NotUnderstood(reason=str(odd))
        found.append(Located(item=item, path=f"[{number}]"))
    return found


def _event(event: Mapping[str, Any], received_at: datetime) -> Item:
    word, address = as_word(event.get("event")), as_word(event.get("email"))
    at = unix_moment(event.get("timestamp"), otherwise=received_at)
    # The id of the answer to our call, and behind the first point where in SendGrid's machines it was worked on.
    message_id = as_word(event.get("sg_message_id")).partition(".")[0]
    key = f"sendgrid:{as_word(event.get('sg_event_id')) or digest(word, message_id, address, event.get('timestamp'))}"
    if word == "spamreport":
        return complained(address, key=key, at=at)
    if word in ("unsubscribe", "group_unsubscribe"):
        return unsubscribed(address, key=key, at=at)
    if word == "group_resubscribe":
        return resubscribed(address, key=key, at=at)
    state = _STATES.get(word)
    if state is None:
        raise OddPartError(f"event {nameable(word)}")
    is_failure = state is State.FAILED
    return status(
        word,
        state,
        key=key,
        target=message_id,
        at=at,
        reference=as_word(event.get("reference")),
        recipient=address,
        code=as_word(event.get("status")) if is_failure else "",
        reason=clean(event.get("reason")) if is_failure else "",
    )


_STATES = {
    "processed": State.SENT,
    "deferred": State.SENT,
    "delivered": State.DELIVERED,
    "open": State.DELIVERED,  # programs open mails too, so it says no more than that it is there
    "click": State.DELIVERED,
    "bounce": State.FAILED,
    "dropped": State.FAILED,
}

ADAPTER = SendGrid()
