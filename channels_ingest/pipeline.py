"""From envelopes to the timeline: claim, normalise, identify, record, settle.

Each claim is worked in one transaction, set by set. If that fails, each envelope is worked in a transaction of its
own, and if that fails too, each item in a savepoint of its own, so that an odd item never takes its neighbours along.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from django.db import InterfaceError, OperationalError, connection, transaction

from channels_ingest import envelopes
from channels_ingest.adapters.base import Delivery, PayloadError
from channels_ingest.items import Batch, write
from channels_ingest.messages import Located, NotUnderstood
from channels_ingest.models import Envelope
from channels_ingest.registry import ADAPTERS
from channels_ingest.routing import Router
from timeline.live import publish

log = logging.getLogger("cxhub.pipeline")

#: Envelopes of one claim.
CLAIM_SIZE = 200


@dataclass(slots=True)
class Worked:
    """What one run did."""

    envelopes: int = 0
    entries: int = 0
    faults: int = 0


@dataclass(slots=True)
class Opened:
    """An envelope with what its adapter made of it. `faults` are places that had no meaning or failed."""

    envelope: Envelope
    items: list[Located] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        return Envelope.State.NOT_UNDERSTOOD if self.faults else Envelope.State.PROCESSED


def drain(*, due_for_seconds: float = 0) -> Worked:
    """Works envelopes that have been due for that long, until none is left."""
    worked = Worked()
    while claimed := envelopes.claim(CLAIM_SIZE, due_for_seconds=due_for_seconds):
        work(claimed, worked)
    return worked


def work(claimed: envelopes.Claim, worked: Worked) -> None:
    """Every claimed envelope is settled, or its fault is noted and it will be due again."""
    for group in claimed.together:
        try:
            _work_together(group, worked)
        except Exception as error:
            if _is_away(error):
                raise  # nothing was done, and the attempt is due again soon
            log.warning("batch failed, working each envelope alone", extra={"fault": type(error).__name__})
            for pk in group:
                _work_alone(pk, worked)
    for pk in claimed.alone:
        _work_alone(pk, worked)


def _is_away(error: Exception) -> bool:
    """Whether the database itself is gone, and not just this transaction."""
    return isinstance(error, (OperationalError, InterfaceError)) and not connection.is_usable()


def _work_together(ids: Sequence[int], worked: Worked) -> None:
    with transaction.atomic():
        opened = [open_envelope(envelope) for envelope in envelopes.hold(ids)]
        router, batch = Router(), Batch()
        for each in opened:
            batch.add(each.envelope, each.items, router, each.faults)
        happened = write(batch)
        _settle(opened)
        transaction.on_commit(partial(publish, happened), robust=True)
    worked.envelopes += len(opened)
    worked.entries += len(happened)


def open_envelope(envelope: Envelope) -> Opened:
    """What the adapter makes of the envelope. A foreign body is a fault and no error: it can be replayed."""
    opened = Opened(envelope)
    if envelope.body is None:
        opened.faults.append("the body was pruned")
        return opened
    adapter = ADAPTERS[envelope.account.provider]
    delivery = Delivery(body=bytes(envelope.body), headers=envelope.headers)
    try:
        located = adapter.normalise(delivery, Router.settings_for(envelope.account), envelope.received_at)
    except PayloadError as error:
        opened.faults.append(str(error))
        return opened
    for each in located:
        if isinstance(each.item, NotUnderstood):
            opened.faults.append(f"{each.path}: {each.item.reason}")
        else:
            opened.items.append(each)
    return opened


def _settle(opened: Sequence[Opened]) -> None:
    envelopes.settle((o.envelope.pk for o in opened if not o.faults), Envelope.State.PROCESSED)
    for each in opened:
        if each.faults:
            envelopes.settle([each.envelope.pk], Envelope.State.NOT_UNDERSTOOD, "; ".join(each.faults))


def _work_alone(envelope_id: int, worked: Worked) -> None:
    """The envelope is settled in a transaction of its own, or its good items are recorded and its fault is noted."""
    try:
        _work_together([envelope_id], worked)
    except Exception as error:
        if _is_away(error):
            raise
        fault = f"{type(error).__name__} while recording"
        worked.faults += 1
        _salvage(envelope_id, worked)
        is_dead = envelopes.note_fault(envelope_id, fault)
        log.exception(
            "envelope failed", extra={"envelope": envelope_id, "is_dead": is_dead, "fault": type(error).__name__}
        )


def _salvage(envelope_id: int, worked: Worked) -> None:
    """Every item of a failing envelope that can be recorded is; the envelope stays to be tried again."""
    with transaction.atomic():
        for envelope in envelopes.hold([envelope_id]):
            try:
                opened = open_envelope(envelope)
            except Exception:
                return
            for item in opened.items:
                try:
                    with transaction.atomic():
                        batch = Batch()
                        batch.add(envelope, [item], Router(), [])
                        happened = write(batch)
                except Exception:
                    worked.faults += 1
                    continue
                worked.entries += len(happened)
                transaction.on_commit(partial(publish, happened), robust=True)
