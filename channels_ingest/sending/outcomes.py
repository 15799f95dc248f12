"""What the provider said of a message, on the outbox row and on the entry, in one transaction."""

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_ingest.adapters.sending import Accepted, Outcome, Refused, TryLater, Unclear
from channels_ingest.blocks import block_refused
from channels_ingest.sending.models import OutboxMessage
from channels_ingest.sending.outbox import RETRY_SECONDS
from timeline.entries import Delivery
from timeline.models import Entry
from timeline.outgoing import settle, stands_for_ours
from timeline.recording import Held

log = logging.getLogger("cxhub.sending")

State = OutboxMessage.State


def note(message_id: int, outcome: Outcome, *, is_simulated: bool) -> str:
    """The outcome is recorded; returns the row's state.

    If the lease ended meanwhile the row is `unknown`, and only a sure answer changes that. If a status was here first,
    it has the provider's id already.
    """
    with transaction.atomic():
        row = OutboxMessage.objects.select_for_update(of=("self",)).get(id=message_id)
        is_open = row.state in (State.SENDING, State.UNKNOWN)
        if not is_open and not (row.state == State.SENT and isinstance(outcome, Accepted)):
            return row.state
        if isinstance(outcome, TryLater):
            outcome = _later(row, outcome)
        marks: dict[str, Any] = {"is_simulated": True} if is_simulated else {}
        if isinstance(outcome, Accepted):
            _accept(row, outcome, marks)
        elif isinstance(outcome, Refused):
            _fail(row, outcome, marks)
        elif isinstance(outcome, Unclear) and row.state == State.SENDING:
            _doubt(row, outcome, marks)
        row.save()
        return row.state


def _accept(row: OutboxMessage, outcome: Accepted, marks: Mapping[str, Any]) -> None:
    row.state, row.settled_at, row.fault, row.fault_code = State.SENT, timezone.now(), "", ""
    row.provider_message_id = row.provider_message_id or outcome.provider_message_id[:255]
    settle(
        row.entry_id,
        delivery=Delivery.SENT,
        provider_message_id=row.provider_message_id,
        detail=marks,
        without=("delay", "doubt", "errors"),
    )


def _fail(row: OutboxMessage, outcome: Refused, marks: Mapping[str, Any]) -> None:
    row.state, row.settled_at = State.FAILED, timezone.now()
    row.fault_code, row.fault, row.closes = outcome.code[:60], outcome.reason[:500], outcome.closes
    errors = [{"code": _number(outcome.code), "message": outcome.reason}]
    settle(row.entry_id, delivery=Delivery.FAILED, detail={**marks, "errors": errors}, without=("delay", "doubt"))
    if outcome.closes == "opted_out":
        block_refused(row.channel_identity, code=outcome.code, key=f"outbox:{row.reference}", at=timezone.now())


def _number(code: str) -> int | str:
    """Providers' codes are numbers where they have words of ours (`timeline.showing.wording.REASONS`)."""
    return int(code) if code.isascii() and code.isdecimal() and len(code) < 12 else code


def _doubt(row: OutboxMessage, outcome: Unclear, marks: Mapping[str, Any]) -> None:
    row.state, row.settled_at, row.fault = State.UNKNOWN, timezone.now(), outcome.reason[:500]
    settle(row.entry_id, delivery=Delivery.UNKNOWN, detail={**marks, "doubt": outcome.reason}, without=("delay",))


def _later(row: OutboxMessage, outcome: TryLater) -> Outcome:
    """The message is due again later; Refused when it was tried often enough, or may have been replaced by now."""
    if row.state == State.UNKNOWN or row.attempts > len(RETRY_SECONDS):
        return Refused(code=outcome.code, reason=_("%(reason)s; tried %(count)d times") % {
            "reason": outcome.reason, "count": row.attempts,
        })  # fmt: skip
    pause = max(float(RETRY_SECONDS[row.attempts - 1]), min(outcome.after_seconds, 3_600.0))
    row.state, row.claimed_at, row.fault, row.fault_code = State.QUEUED, None, outcome.reason[:500], outcome.code[:60]
    row.next_attempt_at = timezone.now() + timedelta(seconds=pause)
    if outcome.whole_account:
        others = OutboxMessage.objects.filter(account_id=row.account_id, state=State.QUEUED).exclude(id=row.pk)
        ids = list(others.order_by("id").select_for_update(skip_locked=True).values_list("id", flat=True))
        OutboxMessage.objects.filter(id__in=ids).update(
            next_attempt_at=Greatest(F("next_attempt_at"), row.next_attempt_at)
        )
    settle(row.entry_id, delivery=Delivery.QUEUED, detail={"delay": outcome.reason})
    return outcome


#: (account id, provider message id) -> id of the entry that is waiting for this id.
Awaited = dict[tuple[int, str], int]


def awaited(reports: Iterable[tuple[int, str, str]]) -> Awaited:
    """Of statuses as (account, provider message id, our reference): the entries that had no provider id until now.

    One that failed is among them: the provider refused it again and again, and took it after all.
    Their outbox rows are locked until the transaction ends: before every other lock, by `profiles.locking`.
    """
    by_reference = {(account, reference): target for account, target, reference in reports if _is_ours(reference)}
    if not by_reference:
        return {}
    rows = OutboxMessage.objects.filter(
        reference__in={reference for _, reference in by_reference}, provider_message_id=""
    )
    found: Awaited = {}
    for row in rows.order_by("id").select_for_update(of=("self",)):
        target = by_reference.get((row.account_id, str(row.reference)))
        if target:
            found.setdefault((row.account_id, target), row.entry_id)
    return found


def _is_ours(reference: str) -> bool:
    return len(reference) == 36 and reference.count("-") == 4 and set(reference) <= set("0123456789abcdef-")


def stand_ins(held: Held) -> Held:
    """Those of the entries that only stand for a message of ours whose id was not known; none was sent from here."""
    sent = set(OutboxMessage.objects.filter(entry__in=held.values()).values_list("entry_id", flat=True)) if held else ()
    return {key: entry for key, entry in held.items() if entry.id not in sent and stands_for_ours(entry)}


def adopt(awaited: Awaited, held: Held, strays: Held) -> None:
    """A status proves that the provider has these messages, and under which id; `held` has their entries by it.

    The `strays`, which stood for some of them, give the id up and are the caller's to delete. The caller holds the
    outbox rows, the messages and the channel identities.
    """
    if strays:
        Entry.objects.filter(id__in=[entry.id for entry in strays.values()]).update(provider_message_id=None)
    for (account_id, provider_message_id), entry_id in awaited.items():
        held[account_id, provider_message_id].provider_message_id = provider_message_id
        Entry.objects.filter(id=entry_id).update(provider_message_id=provider_message_id)
        OutboxMessage.objects.filter(entry_id=entry_id).update(
            provider_message_id=provider_message_id,
            state=State.SENT,
            settled_at=timezone.now(),
            fault="",
            fault_code="",
        )
