"""The page a visitor is on, as it may be kept: where, and by which campaign, without anything that opens something."""

from typing import Any

from channels_ingest.adapters._page_addresses import CAMPAIGN, shown_address
from channels_ingest.adapters.base import clean

LONGEST_TITLE = 200


def page_of(given: object) -> dict[str, str]:
    """`url`, `title` and `referrer`, each if there is one. What is not a page at all is none."""
    if not isinstance(given, dict):
        return {}
    page = {
        "url": _address(given.get("url")),
        "title": " ".join(clean(given.get("title")).split())[:LONGEST_TITLE],
        "referrer": _address(given.get("referrer")),
    }
    return {name: value for name, value in page.items() if value}


def _address(value: Any) -> str:
    return shown_address(clean(value)[:4_000], parameters=CAMPAIGN)
