"""Which message a mail answers or a bounce is about, found by what the adapters could only name: our reference, or the
Message-ID of a mail that came in on the same mailbox. Two queries a batch, and none without mails.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from msgspec.structs import replace

from channels_ingest.messages import Amendment, Message
from channels_ingest.models import OutboxMessage
from timeline.entries import AmendmentKind

#: As the index `entry_message_id` has it.
_STORED = """
SELECT account_id, detail ->> 'message_id', provider_message_id FROM timeline_entry
WHERE account_id = ANY(%s) AND detail ->> 'message_id' = ANY(%s) AND detail ? 'message_id' ORDER BY id
"""

#: (account, our reference or a Message-ID)
Key = tuple[int, str]
_Item = TypeVar("_Item")


def resolved(items: Sequence[tuple[int, _Item]]) -> list[_Item]:
    """The items of (account, item), with the provider's ids in the place of ours where those are known."""
    references = {(account, reference) for account, item in items if (reference := _reference(item))}
    ids = {(account, each) for account, item in items for each in _answered(item)}
    sent, stored = _sent(references), _stored(ids)
    return [_resolved(account, item, sent, stored) for account, item in items]


def _resolved(account: int, item: Any, sent: Mapping[Key, str], stored: Mapping[Key, str]) -> Any:
    reference = _reference(item)
    if isinstance(item, Amendment):
        known = sent.get((account, reference)) if reference else None
        return replace(item, target_message_id=known) if known else item
    if not isinstance(item, Message) or item.detail.get("type") not in ("mail", "unsupported"):
        return item
    target = sent.get((account, reference)) if reference else None
    if not target and "reply_to" not in item.detail:
        target = next((stored[account, each] for each in _answered(item) if (account, each) in stored), None)
    if not target:
        return item
    return replace(item, detail={**item.detail, "reply_to": {"provider_message_id": target}})


def _reference(item: Any) -> str:
    """Our reference in an item that needs more than that."""
    if isinstance(item, Amendment) and item.kind is AmendmentKind.STATUS:
        reference = item.detail.get("reference")
        return str(reference) if item.target_message_id.startswith("reference:") and reference else ""
    if isinstance(item, Message) and isinstance(item.detail.get("thread"), dict):
        return str(item.detail["thread"].get("reference", ""))
    return ""


def _answered(item: Any) -> list[str]:
    """Message-IDs that a mail answers, when no token of ours says which."""
    if not isinstance(item, Message) or "thread" in item.detail:
        return []
    listed = item.detail.get("in_reply_to")
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


def _sent(references: Iterable[Key]) -> dict[Key, str]:
    wanted = {(account, reference): _uuid(reference) for account, reference in references}
    uuids = {each for each in wanted.values() if each}
    if not uuids:
        return {}
    rows = OutboxMessage.objects.filter(reference__in=uuids).exclude(provider_message_id="")
    found = {(row.account_id, str(row.reference)): row.provider_message_id for row in rows}
    return {key: found[key] for key in wanted if key in found}


def _uuid(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None


def _stored(ids: Iterable[Key]) -> dict[Key, str]:
    """The newest entry with each Message-ID on the same mailbox: anybody can choose any, so it is only shown."""
    wanted = set(ids)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [sorted({account for account, _ in wanted}), sorted({each for _, each in wanted})])
        return {(account, each): target for account, each, target in cursor.fetchall() if (account, each) in wanted}
