"""Typed access to provider JSON: what is not of the expected type reads as absent, so reading never raises."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from channels_ingest.adapters.base import clean

LONGEST_WORD = 255  # characters: the columns that hold ids; a message id made of the longest user id takes 230
EARLIEST_SECONDS = 1_230_768_000  # 2009-01-01, before any of the channels existed
LATEST_SECONDS = 253_402_300_799  # the end of 9999, after which Python has no dates
_EARLIEST = datetime.fromtimestamp(EARLIEST_SECONDS, UTC)
#: A provider's clock may be so far ahead of ours. What it dates later than that was written when we received it at the
#: latest: a message dated tomorrow would stand below every answer until then, and count as unanswered.
CLOCK_DIFFERENCE = timedelta(minutes=10)


class OddPartError(Exception):
    """A part of the payload has no meaning for the adapter. The message names what was odd, never its content."""


def as_object(value: object) -> dict[str, Any]:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """`value` if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def as_word(value: object) -> str:
    """An id, code or number as received, as a string; empty for anything that cannot be one."""
    if value is None:  # most fields that an adapter asks for are not there
        return ""
    if type(value) is str:
        if len(value) > LONGEST_WORD or value.isspace():
            return ""
        return value if (value.isascii() and value.isprintable()) or clean(value) is value else ""
    return str(value) if type(value) is int and abs(value) < 10**40 else ""


def first_word(item: dict[str, Any], *names: str) -> str:
    """The first of the named fields that holds a word: providers rename their fields."""
    for name in names:
        if word := as_word(item.get(name)):
            return word
    return ""


def as_moment(value: object, *, otherwise: datetime) -> datetime:
    """The aware UTC time of `value` in seconds since 1970, written as integer or digits; `otherwise` if absurd."""
    if isinstance(value, str) and len(value) <= 12 and value.isascii() and value.isdigit():
        value = int(value)
    if type(value) is not int or not EARLIEST_SECONDS <= value <= LATEST_SECONDS:
        return otherwise
    moment = datetime.fromtimestamp(value, UTC)
    return moment if moment <= otherwise + CLOCK_DIFFERENCE else otherwise


def as_iso_moment(value: object, *, otherwise: datetime) -> datetime:
    """The aware UTC time of an ISO 8601 text, UTC where it names no zone; `otherwise` if absurd."""
    try:
        moment = datetime.fromisoformat(as_word(value))
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return otherwise
    return moment if _EARLIEST <= moment <= otherwise + CLOCK_DIFFERENCE else otherwise


def as_link(value: object) -> str:
    """`value` if it is a web address that is safe to show as a link, else empty."""
    link = clean(value).strip()
    return link if link.startswith(("https://", "http://")) else ""


def nameable(value: object) -> str:
    """`value` as it may stand in a reason or a log: a provider's code word, or a remark that it is none."""
    word = as_word(value)
    return word if word.replace("_", "").isalnum() and word.isascii() and len(word) <= 60 else "(no code word)"


def digest(*parts: Any) -> str:
    """A short stable name of `parts`, for events the provider gives no id."""
    written = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(written.encode()).hexdigest()[:32]
