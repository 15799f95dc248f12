"""What a shop's server tells by webhook: page views, orders, payments, custom events, and who its customers are.

The items are those of `/api/v1/events/` and `/api/v1/identify/`, signed as Standard Webhooks ask: for shop systems that
can sign what they post but cannot call our API with a token. The line's own source is the only one they may speak for.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from channels_ingest.adapters._standard_webhooks import WINDOW, check_secret, delivery_digest, is_signed
from channels_ingest.adapters.base import AccountSettings, Adapter, Delivery, Setting
from channels_ingest.adapters.reading import OddPartError, as_word
from channels_ingest.adapters.trusted_server import (
    LONGEST_SOURCE,
    RESERVED_SOURCES,
    event_of,
    introduction_of,
    items_in,
)
from channels_ingest.messages import Item, Located, NotUnderstood

DEFAULT_SOURCE = "site"
IDENTIFY = "identify"


def check_source(value: str) -> str:
    """What is wrong with a source's name, in words, or nothing."""
    if not value.isprintable() or len(value) > LONGEST_SOURCE or value != value.strip():
        return f"expected 1 to {LONGEST_SOURCE} printable characters"
    return "it is a word of the hub's own; call it something else" if value in RESERVED_SOURCES else ""


class SiteEvents:
    """See `base.Adapter`."""

    provider = "site_events"
    channel = "store"
    settings: tuple[Setting, ...] = (
        Setting(
            name="secret",
            meaning="A Standard Webhooks secret, whsec_…: signs every delivery",
            secret=True,
            required=True,
            check=check_secret,
        ),
        Setting(
            name="source",
            meaning="The shop system whose customer ids these are; site, if nothing is said",
            check=check_source,
        ),
    )
    max_body_bytes = 2_000_000
    kept_headers: tuple[str, ...] = ("webhook-id", "webhook-timestamp", "webhook-signature", "user-agent")
    refusal_status = 401
    route_setting = ""
    window: timedelta = WINDOW

    def handshake(self, query: Mapping[str, str], account: AccountSettings) -> str | None:
        """Standard Webhooks has none."""

    def verify(self, delivery: Delivery, account: AccountSettings) -> bool:
        """Whether one of the account's secrets signed id, stamp and body, within five minutes."""
        return is_signed(delivery, [secret for secret in account.secrets.get("secret", ()) if secret])

    def delivery_key(self, delivery: Delivery) -> str:
        """The digest of id and body."""
        return delivery_digest(delivery)

    def normalise(self, delivery: Delivery, account: AccountSettings, received_at: datetime) -> list[Located]:
        """Every item, in order; one that is wrong says so and costs its neighbours nothing."""
        source = account.plain.get("source") or DEFAULT_SOURCE
        body_key = hashlib.sha256(delivery.body).hexdigest()[:32]
        return [
            Located(item=_item(item, source, f"{body_key}[{number}]", received_at), path=f"[{number}]")
            for number, item in enumerate(items_in(delivery.body))
        ]


def _item(item: Any, source: str, key: str, received_at: datetime) -> Item:
    """An event, or with the kind `identify` an introduction."""
    try:
        if not isinstance(item, dict):
            raise OddPartError("expected an object")
        if as_word(item.get("source") or source) != source:
            raise OddPartError("source: this line speaks for another; see its setting source")
        reader = introduction_of if item.get("kind") == IDENTIFY else event_of
        return reader(item, source, key, received_at)
    except OddPartError as odd:
        return NotUnderstood(reason=str(odd))


ADAPTER: Adapter = SiteEvents()
