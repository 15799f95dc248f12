"""The shape of an adapter: verify, split and normalise, and the settings it needs. One provider is one file."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import msgspec

from channels_ingest.messages import Located


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing an account of this provider is configured with, as `connect --set NAME=VALUE` takes it.

    A `secret` setting is stored encrypted, may have several values while it is rotated, and is not shown.
    A `required` one is needed to receive: `connect` refuses without it. Which ones sending needs says
    `sending.Sends.sending_settings`. `check` says what is wrong with a value, in words, or nothing. One that
    `is_repeated` has to be typed at the provider as well: an admin may have it shown again, which is logged.
    """

    name: str
    meaning: str
    secret: bool = False
    required: bool = False
    check: Callable[[str], str] | None = None
    is_repeated: bool = False


_WRITTEN_NUMBER = re.compile(r"\+?[\d\s().\u2010-\u2015/-]+")


def check_own_number(value: str) -> str:
    """What is wrong with a line's own number, in words, or nothing; a name or the id of a service is no number.

    It is compared with the number that the provider names, so one written for people would take no delivery at all.
    """
    bare = value.removeprefix("whatsapp:")
    if not _WRITTEN_NUMBER.fullmatch(bare) or re.fullmatch(r"\+?[0-9]+", bare):
        return ""
    return "expected a number as the provider writes it, without spaces, brackets or hyphens, such as +12025550111"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request as received: what the signature covers. Header names are lower case.

    `url` is the whole public address as the provider was given it, with its query; the worker, which verifies nothing,
    has only the query. `received_at` is what the stamps of a sender are compared with; without it none is fresh.
    """

    body: bytes
    headers: Mapping[str, str]
    query: str = ""
    url: str = ""
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """What the adapter may know of the account: its plain settings, and every current value of its secrets.

    `thread_keys` are the hub's own, newest first: by them a mail channel knows its reply addresses and ids again.
    """

    plain: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    thread_keys: Sequence[bytes] = field(default=(), repr=False)


class PayloadError(ValueError):
    """The body is not what this provider sends at all; the message says what was expected and what came."""


class CannotVerifyError(Exception):
    """What the check needs cannot be had now (a certificate): the sender is told to try again, and not refused."""


class Normaliser(Protocol):
    """What the pipeline needs to know of a provider to work its envelopes. Pure: no database, no clock, no network."""

    provider: str
    channel: str

    def normalise(self, delivery: Delivery, account: AccountSettings, received_at: datetime) -> list[Located]:
        """Every item of the payload, odd ones as NotUnderstood. Raises PayloadError if the whole is foreign."""


class Adapter(Normaliser, Protocol):
    """What the receiver needs besides, of a provider that posts to a webhook. As pure.

    `route_setting` is the plain setting that holds the provider's own id of a line, when one callback serves many lines
    (`Located.route` names it); empty when it never does.
    """

    settings: tuple[Setting, ...]
    max_body_bytes: int
    kept_headers: tuple[str, ...]
    refusal_status: int
    route_setting: str

    def handshake(self, query: Mapping[str, str], account: AccountSettings) -> str | None:
        """The body that answers the provider's GET challenge, or None to refuse it."""

    def verify(self, delivery: Delivery, account: AccountSettings) -> bool:
        """Whether the provider signed this delivery. False for a missing header or secret.

        Raises nothing but CannotVerifyError.
        """

    def delivery_key(self, delivery: Delivery) -> str:
        """The same for every retry of one delivery, different for another; made of what the provider signed."""


def read_json(body: bytes) -> dict[str, Any]:
    """The object in `body`; NaN, too deep nesting, wrong encoding and non-objects are PayloadErrors."""
    payload = read_any_json(body)
    if not isinstance(payload, dict):
        raise PayloadError(f"expected a JSON object, got {type(payload).__name__}")
    return payload


def _refuse_constant(name: str) -> None:
    raise PayloadError(f"expected JSON, got the constant {name}")


#: Objects and lists of one body. Meta's largest has some 10,000; empty ones take two bytes each, and 64 of memory.
MOST_OBJECTS = 200_000

#: Reads what is plainly JSON at a third of the price of `json`; what it refuses is not refused yet (`_read_odd_json`).
_DECODER = msgspec.json.Decoder()
#: One for all: `json.loads` makes a decoder for each call that wants something special.
_ODD_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def read_any_json(body: bytes) -> Any:
    """What `body` holds; NaN, too deep nesting, numbers too long to read and wrong encoding are PayloadErrors.

    So are more than `MOST_OBJECTS`: a body of 3.9 MB of empty ones cost its worker 551 MB.
    """
    if len(body) > MOST_OBJECTS and (count := body.count(b"{") + body.count(b"[")) > MOST_OBJECTS:
        raise PayloadError(f"expected at most {MOST_OBJECTS:,} objects and lists in one delivery, got {count:,}")
    try:
        return _DECODER.decode(body)
    except (ValueError, RecursionError):
        return _read_odd_json(body)


def _read_odd_json(body: bytes) -> Any:
    """What `json` makes of a body, whose word is final: lone surrogates, UTF-16 and numbers beyond a float are read."""
    try:
        return _ODD_DECODER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, PayloadError):
            raise
        raise PayloadError(f"expected JSON, got {len(body)} bytes that are not: {type(error).__name__}") from None


def clean(text: object) -> str:
    """`text` as PostgreSQL can store it: no NUL, lone surrogates replaced; empty for what is not a string.

    What was clean already comes back as the same object.
    """
    if not isinstance(text, str):
        return ""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if text.isascii():  # known without looking at the letters, and most texts are
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def clean_json(value: Any) -> Any:
    """`value` with every string cleaned, for what is stored as received in `detail`.

    Numbers beyond a float (1e400 reads as infinity) become None: PostgreSQL's jsonb has no infinity.
    """
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(key): clean_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
