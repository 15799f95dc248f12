"""What our own servers post to `/api/v1/identify/` and `/api/v1/events/`: an object, or a list of them.

It is no webhook: the caller is authenticated by a token, so there is nothing to verify. Every item gives exactly one
result in its place, a wrong one is refused with the reason, and its neighbours go on.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from channels_ingest.adapters._trusted_details import detail_of
from channels_ingest.adapters._trusted_people import sender_of, traits_of, with_order
from channels_ingest.adapters.base import AccountSettings, Delivery, Normaliser, PayloadError, clean, read_any_json
from channels_ingest.adapters.reading import CLOCK_DIFFERENCE, OddPartError, as_word
from channels_ingest.messages import Introduction, Item, Located, Message, Refused
from timeline.entries import Direction, EntryKind

PROVIDER = "trusted_server"
MOST_ITEMS = 1_000
#: What the envelope's headers say besides the body: which of the two calls it was, and the receipt it was answered.
CALL = "call"
RECEIPT = "receipt"
IDENTIFY = "identify"
EVENTS = "events"

LONGEST_SOURCE = 100
LONGEST_TRAIT_SOURCE = 40
LONGEST_EVENT_ID = 200
#: Traits of these sources mean something else: entered by staff, the customer's own profile, our address book.
RESERVED_SOURCES = frozenset({"agent", "profile", "address_book"})
EVENT_KINDS = (EntryKind.PAGE_VIEW, EntryKind.ORDER, EntryKind.PAYMENT, EntryKind.CUSTOM, EntryKind.SURVEY)
#: Before there were web shops; an earlier time is a wrong one.
EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
#: A clock may be wrong by a time zone; what lies further ahead is a mistake that its sender should hear of.
FURTHEST = timedelta(days=1)


def items_in(body: bytes) -> list[Any]:
    """The items of a call, not yet read. Raises PayloadError if it is no object and no list of 1 to 1,000."""
    payload = read_any_json(body)
    items = [payload] if isinstance(payload, dict) else payload
    if not isinstance(items, list):
        raise PayloadError(f"expected a JSON object or a list of them, got {type(payload).__name__}")
    if not 1 <= len(items) <= MOST_ITEMS:
        raise PayloadError(f"expected 1 to {MOST_ITEMS} items, got {len(items)}")
    return items


class TrustedServer:
    """See `base.Normaliser`."""

    provider = PROVIDER
    channel = "store"

    def normalise(self, delivery: Delivery, account: AccountSettings, received_at: datetime) -> list[Located]:
        """One result for each item, in order; refused ones say why."""
        reader = _READERS.get(delivery.headers.get(CALL, ""))
        if reader is None:
            raise PayloadError("expected a call of identify or events")
        receipt = delivery.headers.get(RECEIPT, "")
        items = enumerate(items_in(delivery.body))
        return [_located(reader, item, f"[{n}]", f"{receipt}[{n}]", received_at) for n, item in items]


Reader = Callable[[Mapping[str, Any], str, str, datetime], Item]


def _located(reader: Reader, item: object, path: str, key: str, received_at: datetime) -> Located:
    try:
        if not isinstance(item, dict):
            raise OddPartError("expected an object")
        source = _source(item.get("source"))
        return Located(item=reader(item, source, key, received_at), path=path, route=source)
    except OddPartError as odd:
        return Located(item=Refused(reason=str(odd)), path=path)


def introduction_of(item: Mapping[str, Any], source: str, key: str, received_at: datetime) -> Item:
    """What an identify item says. Without a time it counts as of its receipt."""
    told_at = item.get("occurred_at")
    return Introduction(
        sender=sender_of(item.get("identifiers"), source, traits_of(item.get("traits"))),
        key=key,
        source=source[:LONGEST_TRAIT_SOURCE],
        occurred_at=received_at if told_at is None else _moment(told_at, received_at),
    )


def event_of(item: Mapping[str, Any], source: str, _key: str, received_at: datetime) -> Item:
    """What an event item says."""
    event_id = as_word(item.get("id")).strip()
    if not event_id or len(event_id) > LONGEST_EVENT_ID:
        raise OddPartError(f"id: expected 1 to {LONGEST_EVENT_ID} characters")
    if item.get("kind") not in list(EVENT_KINDS):
        raise OddPartError(f"kind: expected one of {', '.join(EVENT_KINDS)}")
    kind = EntryKind(item["kind"])
    detail = detail_of(kind, item.get("detail"))
    return Message(
        sender=with_order(sender_of(item.get("identifiers"), source), _order_number(kind, detail), source),
        provider_message_id=event_id,
        occurred_at=_moment(item.get("occurred_at"), received_at),
        direction=Direction.NONE,
        kind=kind,
        text=str(detail.get(_TEXTS.get(kind, ""), "")),
        detail=detail,
    )


def _order_number(kind: EntryKind, detail: Mapping[str, Any]) -> str:
    """The number by which this order or payment can be looked up, empty if it names none."""
    return str(detail.get({EntryKind.ORDER: "number", EntryKind.PAYMENT: "order"}.get(kind, ""), ""))


def _source(value: object) -> str:
    source = as_word(value).strip()
    if not source or len(source) > LONGEST_SOURCE or not source.isprintable():
        raise OddPartError(f"source: expected 1 to {LONGEST_SOURCE} printable characters")
    if source in RESERVED_SOURCES:
        raise OddPartError(f"source: {source} is a word of the hub's own; call it something else")
    return source


def _moment(value: object, received_at: datetime) -> datetime:
    """The time an item names, in UTC, or of its receipt where that server's clock is ahead.

    Raises OddPartError for one without a zone or one that cannot be.
    """
    try:
        moment = datetime.fromisoformat(clean(value))
        offset = moment.utcoffset()
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise OddPartError("occurred_at: expected an ISO 8601 time such as 2026-03-01T14:05:00Z") from None
    if offset is None:
        raise OddPartError("occurred_at: expected a zone: Z or an offset such as +02:00")
    if not EARLIEST <= moment <= received_at + FURTHEST:
        raise OddPartError(f"occurred_at: expected a time from {EARLIEST.year} to now")
    return moment if moment <= received_at + CLOCK_DIFFERENCE else received_at


_READERS: Mapping[str, Reader] = MappingProxyType({IDENTIFY: introduction_of, EVENTS: event_of})
#: What stands for an entry where only text can; an order and a payment are told by their numbers.
_TEXTS: Mapping[EntryKind, str] = MappingProxyType(
    {EntryKind.PAGE_VIEW: "title", EntryKind.CUSTOM: "name", EntryKind.SURVEY: "text"}
)

NORMALISER: Normaliser = TrustedServer()
