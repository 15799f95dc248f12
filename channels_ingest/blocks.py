"""Provider blocks from what became of sent messages: the provider refused the address and will go on refusing it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from profiles.consent import ALL, MARKETING
from profiles.models import ChannelIdentity, ProviderBlock
from timeline.entries import Delivery, Direction
from timeline.models import Entry

#: The provider's error code -> what it blocks. Twilio, "Error 21610" (recipient replied STOP; the pair of our number
#: and theirs); Meta, "Error codes" (131050: the user stopped marketing from this business); Postmark, "API error codes"
#: (406: inactive recipient); Mailgun, "Tracking failures" (605 bounced, 606 unsubscribed, 607 complained before). An
#: error that its adapter says closes the address as opted out blocks all unless it stands here.
BLOCKING: Mapping[str, str] = MappingProxyType(
    {"21610": ALL, "131050": MARKETING, "406": ALL, "605": ALL, "606": ALL, "607": ALL}
)


def block_refused(identity: ChannelIdentity, *, code: str, key: str, at: datetime) -> None:
    """The provider refused a message because the address opted out there; once for each `key`."""
    _store([(identity.account_id, identity.address, BLOCKING.get(code, ALL), code, key, at)])


def note_blocks(entry_ids: Iterable[int]) -> None:
    """What we sent and failed for a block is a block of the pair; calling it again changes nothing."""
    ids = list(entry_ids)
    if not ids:
        return
    rows = Entry.objects.filter(id__in=ids, direction=Direction.OUT, delivery=Delivery.FAILED)
    found = []
    for entry in rows.select_related("channel_identity").order_by("id"):
        code = _blocking_code(entry.detail.get("errors"))
        if code:
            place = (entry.account_id, entry.channel_identity.address)
            found.append((*place, BLOCKING.get(code, ALL), code, f"entry:{entry.pk}", _failed_at(entry.detail)))
    _store(found)


def _blocking_code(errors: Any) -> str:
    for error in errors if isinstance(errors, list) else []:
        code = str(error.get("code", "")) if isinstance(error, dict) else ""
        if code in BLOCKING or (code and error.get("closes") == "opted_out"):
            return code
    return ""


def _failed_at(detail: Mapping[str, Any]) -> datetime:
    """When the provider told of the failure: the newest of the states' times, which failure ends."""
    times = detail.get("delivery_times")
    read = [parse_datetime(str(time)) for time in times.values()] if isinstance(times, dict) else []
    return max((time for time in read if time), default=timezone.now())


def _store(blocks: Iterable[tuple[int, str, str, str, str, datetime]]) -> None:
    ProviderBlock.objects.bulk_create(
        (
            ProviderBlock(
                account_id=account_id,
                address=address,
                purpose=purpose,
                is_blocked=True,
                code=code[:60],
                key=key[:255],
                occurred_at=at,
            )
            for account_id, address, purpose, code, key, at in sorted(blocks)
        ),
        ignore_conflicts=True,
    )
