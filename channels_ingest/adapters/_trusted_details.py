"""The `detail` of a page view, order, payment, survey or custom event: what the hub names, checked, the rest as sent.

Named here and documented in the README: page view `url`, `title`, `referrer`; order `number`, `state`, `currency`,
`total`, `items[{name, sku, quantity, price}]`, `url`; payment `amount`, `currency`, `state`, `order`; custom `name`;
survey `name`, `score`, `of`, `text`, of which it has a score or a text. All others may be absent. Amounts stay numbers
or decimal strings, as they were sent.
"""

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from channels_ingest.adapters._page_addresses import shown_address
from channels_ingest.adapters.base import clean
from channels_ingest.adapters.reading import OddPartError, as_word
from timeline.entries import EntryKind

LONGEST_DETAIL = 16_000  # characters of its JSON
DEEPEST_DETAIL = 8
LONGEST_NAME = 80
MOST_ITEMS = 200
_MOST = Decimal("1e12")
#: Names under which passwords, tokens and card numbers travel; such a value is never kept.
_SECRET = re.compile(r"passw|secret|token|apikey|authorization|cookie|cardnumber|cvv|cvc|privatekey|sessionid")


def detail_of(kind: EntryKind, given: object) -> dict[str, Any]:
    """The detail as it is stored. Raises OddPartError naming what is wrong with it."""
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise OddPartError("detail: expected an object")
    kept: dict[str, Any] = _kept(given, "detail", 1)
    if kind is not EntryKind.CUSTOM:
        _check(kept, "detail")
        _check_items(kept)
    elif "name" in kept and not as_word(kept["name"]):
        raise OddPartError("detail.name: expected a short text")
    if kind is EntryKind.SURVEY:
        _check_survey(kept)
    if kind is EntryKind.PAGE_VIEW and not (kept.get("url") or kept.get("title")):
        raise OddPartError("detail.url: expected the http or https address of the page")
    if len(json.dumps(kept)) > LONGEST_DETAIL:
        raise OddPartError(f"detail: expected at most {LONGEST_DETAIL} characters of JSON")
    return kept


def _kept(value: Any, place: str, depth: int) -> Any:
    """`value` as it can be stored and shown: no secrets, no addresses that open something, nothing endless."""
    if depth > DEEPEST_DETAIL:
        raise OddPartError(f"{place}: nested deeper than {DEEPEST_DETAIL} levels")
    if isinstance(value, dict):
        return {
            clean(name)[:LONGEST_NAME]: _kept(item, _part(place, name), depth + 1)
            for name, item in value.items()
            if not _SECRET.search(re.sub(r"[^a-z]", "", name.lower()))
        }
    if isinstance(value, list):
        return [_kept(item, f"{place}[{number}]", depth + 1) for number, item in enumerate(value)]
    if isinstance(value, str):
        text = clean(value)
        return shown_address(text) if text.lstrip().lower().startswith(("http://", "https://")) else text
    if isinstance(value, float) and not math.isfinite(value):
        raise OddPartError(f"{place}: the number is too large")
    if isinstance(value, int) and abs(value) >= 10**40:
        raise OddPartError(f"{place}: the number is too large")
    return value


def _part(place: str, name: str) -> str:
    """The place of a part; a name that is no plain word is not repeated in a reason."""
    return f"{place}.{name}" if name.isascii() and name.isidentifier() and len(name) <= 40 else f"{place}.?"


def _check(part: dict[str, Any], place: str) -> None:
    """The named fields of one object are of their types, or absent; null is absent."""
    for names, read in _FIELDS:
        for name in names:
            value = part.pop(name, None)
            if value is not None and (read_value := read(value, f"{place}.{name}")) != "":
                part[name] = read_value


def _amount(value: Any, place: str) -> Any:
    try:
        fits = not isinstance(value, bool | list | dict) and abs(Decimal(str(value))) < _MOST
    except InvalidOperation:
        fits = False
    if not fits:
        raise OddPartError(f"{place}: expected a number or a decimal string")
    return value


def _word(value: Any, place: str) -> str:
    word = as_word(value).strip()
    if not word:
        raise OddPartError(f"{place}: expected a short text")
    return word


def _address(value: Any, _place: str) -> str:
    """Empty for what is no web address: a referrer may be an app, which is not worth refusing an event for."""
    return shown_address(value) if isinstance(value, str) else ""


def _currency(value: Any, place: str) -> str:
    code = value.upper() if isinstance(value, str) else ""
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise OddPartError(f"{place}: expected a three-letter code such as EUR")
    return code


def _check_items(detail: dict[str, Any]) -> None:
    items = detail.get("items")
    if items is None:
        detail.pop("items", None)
        return
    if not isinstance(items, list) or len(items) > MOST_ITEMS:
        raise OddPartError(f"detail.items: expected a list of at most {MOST_ITEMS}")
    detail["items"] = [{"name": item} if isinstance(item, str) else item for item in items]
    for number, item in enumerate(detail["items"]):
        if not isinstance(item, dict):
            raise OddPartError(f"detail.items[{number}]: expected an object")
        _check(item, f"detail.items[{number}]")


def _check_survey(detail: dict[str, Any]) -> None:
    """A score is one of a scale: 2 of 5. What the customer wrote may be as long as any detail."""
    for name in ("score", "of"):
        value = detail.pop(name, None)
        if value is not None:
            detail[name] = _amount(value, f"detail.{name}")
    text = detail.pop("text", None) or ""
    if not isinstance(text, str):
        raise OddPartError("detail.text: expected a text")
    if text.strip():
        detail["text"] = text.strip()
    if "score" not in detail and "text" not in detail:
        raise OddPartError("detail.score: expected a score or a text")
    if "score" in detail and not 0 <= Decimal(str(detail["score"])) <= Decimal(str(detail.get("of", -1))):
        raise OddPartError("detail.score: expected 0 up to detail.of, the best there is")


#: The named fields and how each is read: its value, or empty to leave it out.
_FIELDS: tuple[tuple[tuple[str, ...], Callable[[Any, str], Any]], ...] = (
    (("total", "amount", "price", "quantity"), _amount),
    (("number", "state", "order", "sku", "name", "title"), _word),
    (("url", "referrer"), _address),
    (("currency",), _currency),
)
