"""Which contents of a message are still to be had: a row for each, in the transaction that records the message."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils import timezone

from channels_ingest.messages import Amendment, Message
from channels_ingest.models import MediaFetch
from timeline.entries import AmendmentKind, reference_of
from timeline.files import UNSTORED

#: What an adapter may name a file by; a longer link is no file of a provider's.
_LONGEST_REFERENCE = 500

# A message that comes again by `replay` asks again for what was given up. Sorted, so that two never wait crosswise.
_WANT = """
INSERT INTO channels_ingest_mediafetch AS f (account_id, provider_message_id, reference, attachment, envelope_id)
SELECT account_id, provider_message_id, reference, attachment, envelope_id
FROM jsonb_to_recordset(%s::jsonb) AS r(
    account_id bigint, provider_message_id text, reference text, attachment jsonb, envelope_id bigint)
ORDER BY account_id, provider_message_id, reference
ON CONFLICT (account_id, provider_message_id, reference) DO UPDATE
    SET state = 'wanted', attempts = 0, next_attempt_at = statement_timestamp(), envelope_id = EXCLUDED.envelope_id
    WHERE f.state IN ('failed', 'no_access', 'refused')
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """What was recorded of one item of an envelope."""

    account_id: int
    envelope_id: int | None
    item: object


@dataclass(slots=True)
class _Wanted:
    rows: dict[tuple[int, str, str], dict[str, Any]] = field(default_factory=dict)

    def add(self, holder: Holder, message_id: str, attachment: Any) -> None:
        """The attachment is wanted, unless it is here or nothing says where it is."""
        if not isinstance(attachment, Mapping) or attachment.get("state") not in (None, "failed", UNSTORED):
            return
        reference = reference_of(attachment)
        if not reference or len(reference) > _LONGEST_REFERENCE:
            return
        self.rows[holder.account_id, message_id, reference] = {
            "account_id": holder.account_id,
            "provider_message_id": message_id,
            "reference": reference,
            "attachment": dict(attachment),
            "envelope_id": holder.envelope_id,
        }


def want(holders: Iterable[Holder]) -> int:
    """Every content that the recorded items lack is wanted; returns how many were asked for."""
    wanted = _Wanted()
    for holder in holders:
        item = holder.item
        if isinstance(item, Message):
            _add_all(wanted, holder, item.provider_message_id, item.detail)
        elif isinstance(item, Amendment) and item.kind is AmendmentKind.EDIT:
            _add_all(wanted, holder, item.target_message_id, item.detail.get("detail") or {})
    if wanted.rows:
        with connection.cursor() as cursor:
            cursor.execute(_WANT, [json.dumps(list(wanted.rows.values()))])
    return len(wanted.rows)


def ask_again(account_id: int) -> None:
    """What the account had no key for is wanted again, now that it may have one."""
    MediaFetch.objects.filter(account_id=account_id, state=MediaFetch.State.NO_ACCESS).update(
        state=MediaFetch.State.WANTED, attempts=0, next_attempt_at=timezone.now()
    )


def _add_all(wanted: _Wanted, holder: Holder, message_id: str, detail: Mapping[str, Any]) -> None:
    attachments = detail.get("attachments")
    for attachment in attachments if isinstance(attachments, list) else []:
        wanted.add(holder, message_id, attachment)
    if isinstance(detail.get("html"), Mapping):
        wanted.add(holder, message_id, detail["html"])
