"""Mailgun: routes that post mails (taken apart, or whole to an address that ends in `mime`), event webhooks, sending.

Mailgun, "Receiving via HTTP", "Webhooks", "Messages" (read 2026-11). It signs a timestamp and a token and not the body,
and repeats both at every retry for eight hours: so they are good for longer, and the token is the key of the delivery,
which is taken once.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from channels_ingest.adapters._mailgun_sending import MailgunSending
from channels_ingest.adapters.base import (
    AccountSettings,
    Delivery,
    PayloadError,
    Setting,
    clean,
    read_any_json,
    read_json,
)
from channels_ingest.adapters.mail.events import complained, status, unix_moment, unsubscribed
from channels_ingest.adapters.mail.forms import Form, read_form
from channels_ingest.adapters.mail.handed import handed_file
from channels_ingest.adapters.mail.headers import Headers, addresses_of, headers_of
from channels_ingest.adapters.mail.items import Arrival, items_of
from channels_ingest.adapters.mail.reading import Mail, from_fields, read_mail
from channels_ingest.adapters.mail.settings import FROM, FROM_NAME, REPLY_ADDRESS
from channels_ingest.adapters.mail.verdict import domain_of, only_signer
from channels_ingest.adapters.reading import OddPartError, as_object, as_word, digest, nameable
from channels_ingest.messages import Item, Located, NotUnderstood
from channels_ingest.signatures import any_matches
from profiles.identity.from_header import Verdict
from timeline.entries import Delivery as State

#: Mailgun retries for eight hours with the first attempt's timestamp; the rest is for clocks that differ.
WINDOW = timedelta(hours=12)
AHEAD = timedelta(minutes=15)
#: A stamp in whole seconds tells more than our own clock only when the delivery is a retry.
NOTABLE = timedelta(minutes=1)
_DIGITS = re.compile(r"[0-9]{9,11}")
LARGEST_EVENT = 2_000_000
#: Places where the name of a field may stand within other words before it is looked for no more.
MOST_TRIES = 1_000
_FILE = re.compile(r"attachment-\d{1,4}")


class Mailgun(MailgunSending):
    """The adapter; see `base.Adapter` and `sending.Sends`."""

    provider = "email_mailgun"
    channel = "email"
    settings: tuple[Setting, ...] = (
        Setting(
            name="signing_key",
            meaning="Mailgun's HTTP webhook signing key: signs every delivery",
            secret=True,
            required=True,
        ),
        FROM,
        FROM_NAME,
        REPLY_ADDRESS,
        Setting(name="api_key", meaning="A Mailgun sending key; needed to send", secret=True),
        Setting(name="domain", meaning="The domain that Mailgun sends for; needed to send"),
        Setting(name="region", meaning="us or eu, where the domain lives; us by default"),
    )
    max_body_bytes = 60_000_000  # Mailgun takes mails of 25 MB, which percent signs can double
    kept_headers: tuple[str, ...] = ("content-type", "user-agent")
    refusal_status = 406  # the only status after which Mailgun does not try again
    route_setting = ""

    def handshake(self, query: Mapping[str, str], account: AccountSettings) -> str | None:
        """There is none."""
        return None

    def verify(self, delivery: Delivery, account: AccountSettings) -> bool:
        """Whether the timestamp and token carry the HMAC of one of the keys, and are not older than any retry."""
        stamp, token, presented = _signature_in(delivery.body)
        if not (presented and token and _DIGITS.fullmatch(stamp)) or delivery.received_at is None:
            return False
        age = delivery.received_at - datetime.fromtimestamp(int(stamp), UTC)
        keys = [key for key in account.secrets.get("signing_key", ()) if key]
        signed = f"{stamp}{token}".encode("utf-8", "replace")
        expected = (hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in keys)
        return any_matches(presented, expected) and -AHEAD <= age <= WINDOW

    def delivery_key(self, delivery: Delivery) -> str:
        """The token, once for all time: a captured one is a duplicate, whatever body comes with it."""
        _, token, _ = _signature_in(delivery.body)
        return hashlib.sha256(token.encode("utf-8", "replace") if token else delivery.body).hexdigest()

    def normalise(self, delivery: Delivery, account: AccountSettings, received_at: datetime) -> list[Located]:
        """The mail of a route, or the event of a webhook."""
        try:
            if delivery.body.lstrip()[:1] == b"{":
                path, items = "event-data", _event(read_json(delivery.body), received_at)
            else:
                path, items = "mail", _inbound(read_form(delivery.body), account, received_at)
        except OddPartError as odd:
            return [Located(item=NotUnderstood(reason=str(odd)), path=path_of(delivery.body))]
        return [Located(item=item, path=path) for item in items]


def path_of(body: bytes) -> str:
    """Where a fault of the body is said to be."""
    return "event-data" if body.lstrip()[:1] == b"{" else "mail"


def _signature_in(body: bytes) -> tuple[str, str, str]:
    """Timestamp, token and signature; empty where there are none."""
    try:
        if body.lstrip()[:1] == b"{":
            signature = as_object(read_json(body).get("signature")) if len(body) <= LARGEST_EVENT else {}
            found = [as_word(signature.get(name)) for name in ("timestamp", "token", "signature")]
        else:
            # Nothing is known of the sender yet, so only the three fields are decoded, and not the mail.
            form = read_form(body if body[:1] == b"-" else _only(body, b"timestamp", b"token", b"signature"))
            found = [form.text(name) for name in ("timestamp", "token", "signature")]
    except PayloadError:
        return "", "", ""
    return found[0], found[1][:200], found[2][:200]


def _only(body: bytes, *names: bytes) -> bytes:
    """The first field of each name of an urlencoded body, still encoded."""
    found = []
    for name in names:
        at = body.find(name + b"=")
        for _ in range(MOST_TRIES):
            if at <= 0 or body[at - 1 : at] == b"&":
                break
            at = body.find(name + b"=", at + 1)
        if at == 0 or (at > 0 and body[at - 1 : at] == b"&"):
            found.append(body[at : at + 300].partition(b"&")[0])
    return b"&".join(found)


def _inbound(form: Form, account: AccountSettings, received_at: datetime) -> list[Item]:
    whole = form.first("body-mime")
    if whole is None and form.first("message-headers") is None:
        raise PayloadError("expected a route's mail: body-mime, or message-headers")
    mail = read_mail(whole.content) if whole else _from_form(form)
    top = mail.headers.above("received")
    stamp = unix_moment(form.text("timestamp"), otherwise=received_at)
    arrival = Arrival(
        verdict=_verdict(top, mail.headers, form.text("sender")),
        received_at=received_at,
        stamped_at=stamp if received_at - stamp > NOTABLE else None,
        envelope_to=addresses_of([form.text("recipient").encode("utf-8", "replace")]),
        raw=whole.content if whole else b"",
        is_spam=top.text("x-mailgun-sflag").lower() == "yes",
    )
    return items_of(mail, arrival, account)


def _from_form(form: Form) -> Mail:
    """The mail as Mailgun took it apart."""
    try:
        listed = read_any_json(form.text("message-headers").encode("utf-8", "replace"))
        named = read_any_json(form.text("content-id-map").encode("utf-8", "replace") or b"{}")
    except PayloadError:
        raise OddPartError("message-headers that are no JSON") from None
    pairs = listed if isinstance(listed, list) else []
    headers = headers_of(
        (clean(pair[0]), clean(pair[1])) for pair in pairs if isinstance(pair, list) and len(pair) == 2
    )
    ids = {file: content_id for content_id, file in as_object(named).items() if isinstance(file, str)}
    files = [
        handed_file(
            field.filename or "", field.mime_type, field.content, number=number, content_id=ids.get(field.name, "")
        )
        for number, field in enumerate((f for f in form.fields if _FILE.fullmatch(f.name)), start=1)
    ]
    return from_fields(headers, form.text("body-plain"), form.text("body-html"), files)


def _verdict(top: Headers, headers: Headers, envelope_from: str) -> Verdict:
    """What Mailgun wrote above the first Received field. Its DKIM result names no domain: see `only_signer`."""
    is_signed = top.text("x-mailgun-dkim-check-result").lower() == "pass"
    return Verdict(
        spf=top.text("x-mailgun-spf").lower(),
        spf_domain=domain_of(envelope_from),
        dkim_domains=only_signer(headers.all("dkim-signature")) if is_signed else (),
    )


def _event(payload: Mapping[str, Any], received_at: datetime) -> list[Item]:
    data = payload.get("event-data")
    if not isinstance(data, dict):
        raise PayloadError("expected an event-data object")
    word, address = as_word(data.get("event")), as_word(data.get("recipient"))
    message_id = as_word(as_object(as_object(data.get("message")).get("headers")).get("message-id")).strip("<>")
    at = unix_moment(data.get("timestamp"), otherwise=received_at)
    key = f"mailgun:{as_word(data.get('id')) or digest(word, message_id, address, data.get('timestamp'))}"
    if word == "complained":
        return [complained(address, key=key, at=at)]
    if word == "unsubscribed":
        return [unsubscribed(address, key=key, at=at)]
    state = _STATES.get(word)
    is_failure = word == "rejected" or (word == "failed" and data.get("severity") != "temporary")
    if state is None:
        raise OddPartError(f"event {nameable(word)}")
    said = as_object(data.get("delivery-status"))
    about: dict[str, Any] = {}
    if is_failure:
        reason = clean(said.get("message")) or clean(said.get("description")) or clean(data.get("reason"))
        about = {"code": as_word(said.get("code")), "reason": reason}
    elif word == "failed":
        word = "deferred"
    variables = as_object(data.get("user-variables"))
    return [
        status(
            word,
            State.FAILED if is_failure else state,
            key=key,
            target=message_id,
            at=at,
            reference=as_word(variables.get("reference")),
            recipient=address,
            **about,
        )
    ]


_STATES = {
    "accepted": State.SENT,
    "delivered": State.DELIVERED,
    "opened": State.DELIVERED,  # programs open mails too, so it says no more than that it is there
    "clicked": State.DELIVERED,
    "failed": State.SENT,  # when temporary: Mailgun goes on trying
    "rejected": State.FAILED,
}

ADAPTER = Mailgun()
