"""Any gateway without an adapter of its own: our JSON under the signature of Standard Webhooks, both ways by HTTP.

`docs/generic-gateway.md` is the contract that a gateway, or a few lines in front of one, is written against.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from channels_ingest.adapters._gateway_items import CLOSES, Terms, item_of
from channels_ingest.adapters._public_links import PublicLinks
from channels_ingest.adapters._standard_webhooks import WINDOW, check_secret, delivery_digest, is_signed
from channels_ingest.adapters.base import (
    AccountSettings,
    Adapter,
    Delivery,
    PayloadError,
    Setting,
    clean,
    read_any_json,
)
from channels_ingest.adapters.reading import OddPartError, as_object, as_word, nameable
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
from channels_ingest.adapters.troubles import shown_words
from channels_ingest.adapters.words import gettext_noop
from channels_ingest.messages import Located, NotUnderstood

MOST_ITEMS = 1_000
RULES = FileRules(most_bytes={"": 25 * 1024 * 1024}, fetches=True)
TRUSTS = ("weak", "proved")
CHANNELS = ("sms", "whatsapp", "chat")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
#: In the place of a token that is not set: the simulator takes any, and a header may not end in a space.
NO_TOKEN = "none"  # noqa: S105
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def check_trust(value: str) -> str:
    """What is wrong with the setting, in words, or nothing."""
    return "" if value in TRUSTS else f"expected one of {', '.join(TRUSTS)}"


def check_channel(value: str) -> str:
    """What is wrong with the setting, in words, or nothing. Mail has adapters of its own, which read what a mail is."""
    return "" if value in CHANNELS else f"expected one of {', '.join(CHANNELS)}"


def check_token(value: str) -> str:
    """What is wrong with a bearer token (RFC 6750), in words, or nothing."""
    return "" if _TOKEN.fullmatch(value) else "expected a token without spaces: letters, digits and -._~+/="


def check_url(value: str) -> str:
    """What is wrong with a gateway's address, in words, or nothing. Messages and the token go there: never in clear."""
    try:
        parts = urlsplit(value)
        is_address = bool(parts.hostname) and not parts.username and not parts.fragment
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    except ValueError:
        is_address = is_safe = False
    return "" if is_address and is_safe else "expected a web address, https://… (http only on this machine: 127.0.0.1)"


class GenericSigned(PublicLinks):
    """See `base.Adapter`, `sending.Sends` and `fetching.FetchesMedia`."""

    provider = "generic_signed"
    channel = "sms"
    settings: tuple[Setting, ...] = (
        Setting(
            name="secret",
            meaning="A Standard Webhooks secret, whsec_…: signs every delivery",
            secret=True,
            required=True,
            check=check_secret,
        ),
        Setting(name="send_url", meaning="Where the hub posts what it sends", check=check_url),
        Setting(name="send_token", meaning="The bearer token for that address", secret=True, check=check_token),
        Setting(name="from", meaning="The line's own number or name"),
        Setting(
            name="channel",
            meaning="What its customers write with: sms (default), whatsapp or chat, whose rules then hold",
            check=check_channel,
        ),
        Setting(name="source", meaning="The name under which the gateway's own customer ids stand"),
        Setting(
            name="sender_trust",
            meaning="weak (default), or proved: the gateway itself makes sure who its senders are",
            check=check_trust,
        ),
    )
    max_body_bytes = 2_000_000
    kept_headers: tuple[str, ...] = (
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "content-type",
        "user-agent",
    )
    refusal_status = 401
    route_setting = ""
    takes_templates = True
    api_url = ""  # each account names its own
    sending_settings: tuple[str, ...] = ("send_url", "send_token")
    window: timedelta = WINDOW

    def handshake(self, query: Mapping[str, str], account: AccountSettings) -> str | None:
        """Standard Webhooks has none."""
        return None

    def verify(self, delivery: Delivery, account: AccountSettings) -> bool:
        """Whether one of the account's secrets signed id, stamp and body, within five minutes."""
        return is_signed(delivery, [secret for secret in account.secrets.get("secret", ()) if secret])

    def delivery_key(self, delivery: Delivery) -> str:
        """The digest of id and body."""
        return delivery_digest(delivery)

    def normalise(self, delivery: Delivery, account: AccountSettings, received_at: datetime) -> list[Located]:
        """Every item, in order; one that is wrong says so and costs its neighbours nothing."""
        payload = read_any_json(delivery.body)
        items = [payload] if isinstance(payload, dict) else payload
        if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
            raise PayloadError(f"expected an object or a list of 1 to {MOST_ITEMS}, got {type(payload).__name__}")
        plain = account.plain
        terms = Terms(
            received_at=received_at,
            is_believed=plain.get("sender_trust") == "proved",
            source=plain.get("source", ""),
        )
        return [_located(item, f"[{number}]", terms) for number, item in enumerate(items)]

    def render(self, outgoing: Outgoing, account: AccountSettings, *, api_url: str) -> HttpRequest:
        """One call to the account's gateway. Raises CannotSendError."""
        if any(not file.link for file in outgoing.files):
            raise CannotSendError(
                gettext_noop("the gateway fetches files from a public address, and this hub has none")
            )
        token = next((token for token in account.secrets.get("send_token", ()) if token), NO_TOKEN)
        said: dict[str, Any] = {
            "type": "message",
            "reference": outgoing.reference,
            "to": outgoing.address,
            "from": account.plain.get("from", ""),
            "text": clean(outgoing.text),
            "reply_to": outgoing.answers,
            "attachments": [
                {"url": file.link, "mime_type": file.mime_type, "name": file.name} for file in outgoing.files
            ],
        }
        if outgoing.template is not None:
            template = outgoing.template
            said["template"] = {
                "name": template.name,
                "language": template.language,
                "parameters": list(template.parameters),
            }
        return HttpRequest(
            method="POST",
            url=f"{api_url}/messages" if api_url else account.plain.get("send_url", ""),
            headers={
                "authorization": f"Bearer {token}",
                "content-type": "application/json",
                "accept": "application/json",
                "idempotency-key": outgoing.reference,
            },
            body=json.dumps({name: value for name, value in said.items() if value}).encode(),
        )

    def file_rules(self, account: AccountSettings) -> FileRules:
        """Every file: the gateway says no to what it cannot send."""
        return RULES

    def read_answer(self, answer: Answer) -> Outcome:
        """2xx with an id took it; 429, or 503 with a Retry-After, surely did not; other 4xx never will."""
        said = answer.said()
        if 200 <= answer.status < 300:
            message_id = as_word(said.get("id"))
            return Accepted(provider_message_id=message_id) if message_id else Unclear(reason=NO_ID)
        error = as_object(said.get("error"))
        code = nameable(error.get("code")) if as_word(error.get("code")) else str(answer.status)
        pause = answer.headers.get("retry-after", "")
        has_pause = pause.isascii() and pause.isdigit() and len(pause) < 7
        if answer.status == 429 or (answer.status == 503 and has_pause):
            reason = shown_words(error.get("message")) or gettext_noop("too many messages in a short time")
            return TryLater(code=code, reason=reason, after_seconds=float(pause) if has_pause else 0.0)
        if not 400 <= answer.status < 500:
            return Unclear(reason=FAULT)
        if answer.status in (401, 403):
            return Refused(code=code, reason=CREDENTIALS)
        reason = shown_words(error.get("message")) or SILENT
        closes = error.get("closes")
        return Refused(code=code, reason=reason, closes=closes if isinstance(closes, str) and closes in CLOSES else "")


NO_ID = gettext_noop("the gateway's answer names no message")
FAULT = gettext_noop("the gateway had a fault of its own and did not say whether it took the message")
CREDENTIALS = gettext_noop("the gateway refuses the line's token: check send_token")
SILENT = gettext_noop("the gateway did not say why")


def _located(said: object, path: str, terms: Terms) -> Located:
    try:
        return Located(item=item_of(said, terms), path=path)
    except OddPartError as odd:
        return Located(item=NotUnderstood(reason=str(odd)), path=path)


ADAPTER: Adapter = GenericSigned()
