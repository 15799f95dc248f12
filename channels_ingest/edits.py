"""An edit has an id of its own, and what comes after may name that id: it is about the message that was edited.

Meta names the original (`original_message_id`), gateways may name the newest edit. What cannot be followed yet stands
as a placeholder, and is put where it belongs once the edit between is here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from channels_ingest.messages import Amendment
from timeline.entries import AmendmentKind
from timeline.models import Amendment as StoredAmendment
from timeline.recording import Held, MessageKey

#: An edit of an edit of an edit; what is longer goes round in a circle.
LONGEST_CHAIN = 20
#: A delivery status and a file are told of the message itself.
_FOLLOWED = frozenset({AmendmentKind.EDIT, AmendmentKind.REVOKE, AmendmentKind.REACTION})

_Item = TypeVar("_Item")


def followed(items: Sequence[tuple[int, _Item]]) -> list[_Item]:
    """The items of (account, item); those that amend an edit amend the message that was edited instead."""
    targets = {
        (account, item.target_message_id)
        for account, item in items
        if isinstance(item, Amendment) and item.kind in _FOLLOWED
    }
    if not targets:
        return [item for _, item in items]
    edited = _edited(targets) | {
        (account, item.key): item.target_message_id
        for account, item in items
        if isinstance(item, Amendment) and is_edit(item) and item.key != item.target_message_id
    }
    return [_followed(account, item, edited) for account, item in items]


def is_edit(item: object) -> bool:
    """Whether the item is an edit, whose own id others may name."""
    return isinstance(item, Amendment) and item.kind is AmendmentKind.EDIT


def misplaced(items: Iterable[tuple[int, object]], held: Held) -> dict[MessageKey, str]:
    """Placeholders among `held` that stand where an edit among the items belongs: their key, and what was edited."""
    return {
        key: item.target_message_id
        for account, item in items
        if isinstance(item, Amendment) and is_edit(item) and (key := (account, item.key)) in held
        if held[key].is_placeholder and item.key != item.target_message_id
    }


def lead_on(found: Mapping[MessageKey, str]) -> None:
    """What amended the placeholders amends what was edited. The caller holds the messages."""
    for (account_id, key), target in found.items():
        StoredAmendment.objects.filter(account_id=account_id, target_message_id=key).update(target_message_id=target)


def _edited(targets: set[MessageKey]) -> dict[MessageKey, str]:
    """What stored edits edited, of each target that is one, and of what that one names in turn."""
    found: dict[MessageKey, str] = {}
    wanted = targets
    for _ in range(LONGEST_CHAIN):
        rows = StoredAmendment.objects.filter(
            kind=AmendmentKind.EDIT, account_id__in={k[0] for k in wanted}, key__in={k[1] for k in wanted}
        ).values_list("account_id", "key", "target_message_id")
        new = {(account, key): target for account, key, target in rows if (account, key) in wanted - found.keys()}
        if not new:
            break
        found |= new
        wanted = {(account, target) for (account, _), target in new.items()}
    return found


def _followed(account: int, item: _Item, edited: Mapping[MessageKey, str]) -> _Item:
    if not isinstance(item, Amendment) or item.kind not in _FOLLOWED:
        return item
    target = item.target_message_id
    for _ in range(LONGEST_CHAIN):
        if (account, target) not in edited:
            break
        target = edited[account, target]
    return replace(item, target_message_id=target) if target != item.target_message_id else item
