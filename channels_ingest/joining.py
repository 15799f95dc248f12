"""Long text messages that come in parts, each a delivery with an id of its own: together they are one message.

What the parts share is a number that the customer's phone counts up and soon uses again, so it says nothing by itself:
parts belong together when they came from one address within `WINDOW`. The first to come is the entry, shown at once;
each later one amends it, whatever its place in the text, and the entry grows. What never comes is told as missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from channels_ingest.messages import Amendment, Message
from profiles.locking import lock_id, take_advisory_locks
from timeline.entries import AmendmentKind
from timeline.models import Amendment as StoredAmendment
from timeline.models import Entry

#: By the provider's times: phones send the parts within seconds, and a number comes again after 255 more long texts.
WINDOW = timedelta(hours=1)

_Item = TypeVar("_Item")
#: account, address, the parts' common number, how many there are
_Name = tuple[int, str, str, int]


@dataclass(slots=True)
class _Whole:
    """A message of which some parts are here."""

    message_id: str
    at: datetime
    came: set[int]


def joined(items: Sequence[tuple[int, _Item]]) -> list[_Item]:
    """The items of (account, item); later parts of a long text amend the part that came first.

    Who else writes parts of the same texts waits until the transaction ends. Called before other locks are taken.
    """
    parts = [(account, item) for account, item in items if isinstance(item, Message) and "part" in item.detail]
    if not parts:
        return [item for _, item in items]
    take_advisory_locks(lock_id("parts", *_name(account, part)) for account, part in parts)
    made = _amending(parts)
    return [
        cast(_Item, made.get((account, item.provider_message_id), item)) if isinstance(item, Message) else item
        for account, item in items
    ]


def _amending(parts: Sequence[tuple[int, Message]]) -> dict[tuple[int, str], Amendment]:
    """What is no entry of its own, by account and id. Of those that came together the first in the text is first."""
    accounts, ids = {account for account, _ in parts}, {part.provider_message_id for _, part in parts}
    rows = StoredAmendment.objects.filter(account_id__in=accounts, key__in=ids, kind=AmendmentKind.PART)
    targets = {(row.account_id, row.key): row.target_message_id for row in rows}
    wholes = _stored(parts)
    entries = {(name[0], whole.message_id) for name, found in wholes.items() for whole in found}
    made: dict[tuple[int, str], Amendment] = {}
    for account, part in sorted(parts, key=lambda each: (each[1].detail["part"]["number"], each[1].occurred_at)):
        key, number = (account, part.provider_message_id), part.detail["part"]["number"]
        if key in entries or key in made:
            continue
        name = _name(account, part)
        near = [w for w in wholes.get(name, ()) if number not in w.came and abs(w.at - part.occurred_at) <= WINDOW]
        whole = min(near, key=lambda each: abs(each.at - part.occurred_at), default=None)
        if target := targets.get(key) or (whole and whole.message_id):
            made[key] = _amendment(part, target)
            if whole and whole.message_id == target:
                whole.came.add(number)
        else:
            wholes.setdefault(name, []).append(_Whole(part.provider_message_id, part.occurred_at, {number}))
            entries.add(key)
    return made


def _stored(parts: Sequence[tuple[int, Message]]) -> dict[_Name, list[_Whole]]:
    """The texts of these senders around these times, by name."""
    times = [part.occurred_at for _, part in parts]
    rows = Entry.objects.filter(
        channel_identity__account_id__in={account for account, _ in parts},
        channel_identity__address__in={part.sender.address for _, part in parts},
        occurred_at__range=(min(times) - WINDOW, max(times) + WINDOW),
        detail__has_key="part",
    ).order_by("id")
    found: dict[_Name, list[_Whole]] = {}
    for account, address, message_id, at, detail in rows.values_list(
        "account_id", "channel_identity__address", "provider_message_id", "occurred_at", "detail"
    ):
        part = detail["part"]
        whole = _Whole(str(message_id), at, set(part.get("came", [part["number"]])))
        found.setdefault((account, address, part["of"], part["total"]), []).append(whole)
    return found


def _name(account: int, part: Message) -> _Name:
    told: Mapping[str, Any] = part.detail["part"]
    return account, part.sender.address, told["of"], told["total"]


def _amendment(part: Message, target: str) -> Amendment:
    return Amendment(
        kind=AmendmentKind.PART,
        key=part.provider_message_id,
        target_message_id=target,
        occurred_at=part.occurred_at,
        sender=part.sender,
        detail={"number": part.detail["part"]["number"], "text": part.text},
    )
