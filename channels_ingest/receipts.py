"""What became of a call's items, worked out from the rows they made: nothing is written for it, so nothing can differ.

The call is read again as the pipeline reads it, and each item is looked for where it would have been stored.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from channels_ingest.adapters import trusted_server
from channels_ingest.adapters.base import AccountSettings, Delivery, PayloadError
from channels_ingest.messages import Introduction, Located, Message, Refused
from channels_ingest.models import Envelope
from channels_ingest.sources import source_key
from profiles.models import ChannelAccount, ChannelIdentity
from timeline.models import Entry


class Outcome(StrEnum):
    """What became of one item."""

    PENDING = "pending"
    RECORDED = "recorded"
    DUPLICATE = "duplicate"  # an event of this source and id stood on the timeline before
    REFUSED = "refused"  # the item is wrong; `reason` says how
    FAILED = "failed"  # the hub could not record it; its operators can replay the call


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemOutcome:
    """One item by its place, with the customer today and the entry, where there is one."""

    index: int
    outcome: Outcome
    reason: str = ""
    profile: int | None = None
    entry: int | None = None


#: What an item that left no row is, by the state of its call.
_WITHOUT_ROW = {Envelope.State.RECEIVED: Outcome.PENDING}
_STATES = {Envelope.State.RECEIVED: "pending", Envelope.State.PROCESSED: "done"}
_FAILED = "the hub could not record it; once its operators have mended that, they replay the call"
_OURS = "this is an address of our own lines: it makes no customer"
_PRUNED = "the body was pruned, and the reason with it"


def receipt_of(envelope: Envelope) -> dict[str, Any]:
    """The state of the call and the outcome of each item, in four queries however many there are."""
    return {
        "state": _STATES.get(Envelope.State(envelope.state), "failed"),
        "received_at": envelope.received_at,
        "processed_at": envelope.processed_at,
        "is_pruned": envelope.body is None,
        "items": [asdict(outcome) for outcome in _outcomes(envelope)],
    }


def _outcomes(envelope: Envelope) -> list[ItemOutcome]:
    if envelope.body is None:
        refused = re.findall(r"\[(\d+)\]", envelope.fault)
        return [ItemOutcome(index=int(n), outcome=Outcome.REFUSED, reason=_PRUNED) for n in refused]
    delivery = Delivery(body=bytes(envelope.body), headers=envelope.headers)
    try:
        items = trusted_server.NORMALISER.normalise(delivery, AccountSettings(), envelope.received_at)
    except PayloadError:
        return []
    stored = _Stored(items)
    seen: set[int] = set()
    return [_outcome(envelope, index, each, stored, seen) for index, each in enumerate(items)]


def _outcome(envelope: Envelope, index: int, located: Located, stored: "_Stored", seen: set[int]) -> ItemOutcome:
    """`seen` are the entries that earlier items of the call gave: a second one with that id is a duplicate."""
    item = located.item
    if isinstance(item, Refused):
        return ItemOutcome(index=index, outcome=Outcome.REFUSED, reason=item.reason)
    entry = stored.entry(located) if isinstance(item, Message) else None
    if entry is not None:
        is_new = entry.envelope_id == envelope.pk and entry.pk not in seen
        seen.add(entry.pk)
        outcome = Outcome.RECORDED if is_new else Outcome.DUPLICATE
        return ItemOutcome(index=index, outcome=outcome, profile=entry.channel_identity.profile_id, entry=entry.pk)
    if isinstance(item, Introduction) and envelope.state in (Envelope.State.PROCESSED, Envelope.State.NOT_UNDERSTOOD):
        profile_id = stored.profile_id(located)
        if profile_id is not None:
            return ItemOutcome(index=index, outcome=Outcome.RECORDED, profile=profile_id)
    if located.path in envelope.fault.partition("our own: ")[2].split(", "):
        return ItemOutcome(index=index, outcome=Outcome.REFUSED, reason=_OURS)
    outcome = _WITHOUT_ROW.get(Envelope.State(envelope.state), Outcome.FAILED)
    return ItemOutcome(index=index, outcome=outcome, reason=_FAILED if outcome is Outcome.FAILED else "")


class _Stored:
    """The rows that the items of one call made or met."""

    def __init__(self, items: Sequence[Located]) -> None:
        sources = {located.route for located in items if located.route}
        keys = {source_key(source): source for source in sources}
        accounts = ChannelAccount.objects.filter(key__in=keys).values_list("key", "id")
        self.account_ids = {keys[key]: pk for key, pk in accounts}
        self.entries = self._entries(each.item for each in items)
        self.identities = self._identities(each.item for each in items)

    def _entries(self, items: Iterable[object]) -> dict[tuple[int, str], Entry]:
        ids = {item.provider_message_id for item in items if isinstance(item, Message)}
        rows = Entry.objects.filter(account_id__in=self.account_ids.values(), provider_message_id__in=ids)
        rows = rows.select_related("channel_identity").only(
            "account_id", "provider_message_id", "envelope_id", "channel_identity__profile_id"
        )
        return {(row.account_id, str(row.provider_message_id)): row for row in rows} if ids else {}

    def _identities(self, items: Iterable[object]) -> dict[tuple[int, str], list[tuple[datetime, int]]]:
        """(epoch start, profile) of each address, newest epoch first."""
        found: dict[tuple[int, str], list[tuple[datetime, int]]] = {}
        addresses = {item.sender.address for item in items if isinstance(item, Introduction)}
        rows = ChannelIdentity.objects.filter(account_id__in=self.account_ids.values(), address__in=addresses)
        for account_id, address, start, profile_id in (
            rows.order_by("-epoch_start").values_list("account_id", "address", "epoch_start", "profile_id")
            if addresses
            else ()
        ):
            found.setdefault((account_id, address), []).append((start, profile_id))
        return found

    def entry(self, located: Located) -> Entry | None:
        """The entry of an event's source and id."""
        account_id = self.account_ids.get(located.route)
        if account_id is None or not isinstance(located.item, Message):
            return None
        return self.entries.get((account_id, located.item.provider_message_id))

    def profile_id(self, located: Located) -> int | None:
        """The customer that uses an introduced address at that time."""
        account_id = self.account_ids.get(located.route)
        if account_id is None or not isinstance(located.item, Introduction):
            return None
        told_at = located.item.occurred_at
        epochs = self.identities.get((account_id, located.item.sender.address), ())
        return next((profile_id for start, profile_id in epochs if start <= told_at), None)
