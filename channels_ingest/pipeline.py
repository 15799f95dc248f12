"""From envelopes to the timeline: claim, normalise, identify, record, settle.

Each claim is worked in one transaction, set by set. If that fails, each envelope is worked in a transaction of its
own, and if that fails too, each item is, so that an odd item never takes its neighbours along.
"""

import gc
import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.dateparse import parse_datetime

from channels_ingest import envelopes, unsubscribing
from channels_ingest.adapters.base import Delivery, PayloadError
from channels_ingest.batches import Batch
from channels_ingest.counting import add_counts
from channels_ingest.items import write
from channels_ingest.media import files
from channels_ingest.media.parts import unpack
from channels_ingest.messages import Located, NotUnderstood, Refused
from channels_ingest.models import Envelope, IntakeCount
from channels_ingest.ourselves import Ourselves
from channels_ingest.registry import NORMALISERS
from channels_ingest.rivals import FAULT
from channels_ingest.routing import Router
from timeline.live import Happened, publish

log = logging.getLogger("cxhub.pipeline")

#: Envelopes of one claim, and items of one transaction: each takes up to nine of PostgreSQL's some 12,000 locks.
CLAIM_SIZE = 500
MOST_ITEMS = 1_000
#: Identifiers of a sender up to which an item counts once; each costs up to two locks.
COUNTED_IDENTIFIERS = 4


@dataclass(slots=True)
class Worked:
    """What one run did. `wanted` files are to be fetched because of it."""

    envelopes: int = 0
    entries: int = 0
    wanted: int = 0
    faults: int = 0


@dataclass(slots=True)
class Opened:
    """An envelope with what its adapter made of it.

    `faults` are places that had no meaning or failed; `refused` are those whose sender made the mistake; `ours` are
    those that a line of ours or a colleague wrote, which make no customer.
    """

    envelope: Envelope
    items: list[Located] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    ours: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        return Envelope.State.NOT_UNDERSTOOD if self.faults else Envelope.State.PROCESSED


def drain(*, due_for_seconds: float = 0) -> Worked:
    """Works envelopes that have been due for that long, until none is left."""
    worked = Worked()
    while work_once(worked, due_for_seconds=due_for_seconds):
        pass
    return worked


def work_once(worked: Worked, *, due_for_seconds: float = 0) -> bool:
    """One claim has been worked together and one envelope alone; False when nothing was due.

    Every claimed envelope is settled, or its fault is noted and it will be due again.
    """
    together = envelopes.claim(CLAIM_SIZE, due_for_seconds=due_for_seconds)
    if together:
        started = time.monotonic()
        with _uncollected():
            _work_claim(together, worked)
        log.info("batch worked", extra={"count": len(together), "seconds": round(time.monotonic() - started, 3)})
    alone = envelopes.claim_alone(due_for_seconds=due_for_seconds)
    for pk in alone:
        _work_alone(pk, worked)
    return bool(together or alone)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: a batch makes 100,000 objects without cycles (a sixth faster, measured)."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _work_claim(ids: Sequence[int], worked: Worked) -> None:
    try:
        _work_together(ids, worked)
    except Exception as error:
        if _is_away(error):
            raise  # nothing was done, and the attempt is due again soon
        log.warning("batch failed, working each envelope alone", extra={"fault": type(error).__name__})
        for pk in ids:
            _work_alone(pk, worked)


def _is_away(error: Exception) -> bool:
    """Whether the database itself is gone, and not just this transaction."""
    return isinstance(error, (OperationalError, InterfaceError)) and not connection.is_usable()


def _work_together(ids: Sequence[int], worked: Worked) -> None:
    """The envelopes are worked in one transaction, or, if they hold too much for one, each in parts."""
    with transaction.atomic():
        opened = [open_envelope(envelope) for envelope in envelopes.hold(ids)]
        fits = sum(_weight(item) for each in opened for item in each.items) <= MOST_ITEMS
        if fits:
            happened = _write([(each, each.items) for each in opened], worked)
            _settle(opened)
    if fits:
        worked.envelopes += len(opened)
        worked.entries += _entries(happened)
    else:
        for each in opened:
            _work_in_parts(each, worked)


def _work_in_parts(opened: Opened, worked: Worked) -> None:
    """The envelope's items are written part by part; it is settled with the last, so a crash loses none."""
    parts = _parts(opened.items)
    for number, part in enumerate(parts, start=1):
        with transaction.atomic():
            if not envelopes.is_held(opened.envelope.pk):
                return
            worked.entries += _entries(_write([(opened, part)], worked))
            if number == len(parts):
                _settle([opened])
                worked.envelopes += 1


def _parts(items: Sequence[Located]) -> list[list[Located]]:
    """The items in order, in parts of one transaction each; one empty part if there are none."""
    parts: list[list[Located]] = [[]]
    weight = 0
    for item in items:
        weight += _weight(item)
        if weight > MOST_ITEMS:
            parts.append([])
            weight = _weight(item)
        parts[-1].append(item)
    return parts


def _weight(located: Located) -> int:
    """How many items it counts as: one whose sender has many identifiers takes the locks of several."""
    sender = getattr(located.item, "sender", None)
    return max(1, -(-len(sender.identifiers) // COUNTED_IDENTIFIERS)) if sender else 1


def _write(parts: Sequence[tuple[Opened, Sequence[Located]]], worked: Worked) -> list[Happened]:
    """The items are stored in the current transaction, and open pages hear of them once it commits.

    Their files are on disk before the first lock on anybody is taken.
    """
    router = Router()
    router.meet_sources((o.envelope.account, located.route) for o, items in parts for located in items)
    kept: list[files.Kept] = []
    parts = [(opened, unpack(items, kept)) for opened, items in parts]
    files.remember(kept)
    batch = Batch(Ourselves.met((o.envelope.account_id, each) for o, items in parts for each in items))
    for opened, items in parts:
        opened.ours += batch.add(opened.envelope, items, router, opened.faults)
    happened = write(batch)
    worked.wanted += batch.wanted
    for opened, _ in parts:
        if opened.envelope.pk in batch.with_rivals:
            opened.faults.append(FAULT)
    transaction.on_commit(partial(publish, happened), robust=True)
    return happened


def _entries(happened: Sequence[Happened]) -> int:
    return sum(1 for each in happened if each.entry_id)


def open_envelope(envelope: Envelope) -> Opened:
    """What the adapter makes of the envelope. A foreign body is a fault and no error: it can be replayed."""
    opened = Opened(envelope)
    if envelope.body is None:
        opened.faults.append("the body was pruned")
        return opened
    if envelope.headers.get(envelopes.ORIGIN) == envelopes.UNSUBSCRIBED:
        opened.items += unsubscribing.items_of(envelope)
        return opened
    adapter = NORMALISERS[envelope.account.provider]
    query = envelope.headers.get(envelopes.QUERY, "")
    delivery = Delivery(body=bytes(envelope.body), headers=envelope.headers, query=query)
    try:
        told_at = parse_datetime(envelope.headers.get(envelopes.TOLD_AT, ""))
        located = adapter.normalise(delivery, Router.settings_for(envelope.account), told_at or envelope.received_at)
    except PayloadError as error:
        opened.faults.append(str(error))
        return opened
    for each in located:
        if isinstance(each.item, NotUnderstood):
            opened.faults.append(f"{each.path}: {each.item.reason}")
        elif isinstance(each.item, Refused):
            opened.refused.append(each.path)
        elif envelope.headers.get(envelopes.ORIGIN) != envelopes.TEST:  # which is read, and makes nobody a customer
            opened.items.append(each)
    return opened


def _settle(opened: Sequence[Opened]) -> None:
    envelopes.settle((o.envelope.pk for o in opened if not o.faults + o.refused + o.ours), Envelope.State.PROCESSED)
    for each in opened:
        if each.faults:
            envelopes.settle([each.envelope.pk], Envelope.State.NOT_UNDERSTOOD, "; ".join(each.faults))
        elif each.refused or each.ours:
            said = {"refused": each.refused, "our own": each.ours}
            fault = "; ".join(f"{word}: {', '.join(places)}" for word, places in said.items() if places)
            envelopes.settle([each.envelope.pk], Envelope.State.PROCESSED, fault)
    counts = Counter[tuple[int, str]]()
    for each in opened:
        counts[each.envelope.account_id, IntakeCount.Outcome.OWN] += len(each.ours)
    add_counts(+counts)


def _work_alone(envelope_id: int, worked: Worked) -> None:
    """The envelope is settled in a transaction of its own, or its good items are recorded and its fault is noted."""
    try:
        _work_together([envelope_id], worked)
    except Exception as error:
        if _is_away(error):
            raise
        worked.faults += 1
        _salvage(envelope_id, worked)
        is_dead = envelopes.note_fault(envelope_id, f"{type(error).__name__} while recording")
        log.exception(
            "envelope failed", extra={"envelope": envelope_id, "is_dead": is_dead, "fault": type(error).__name__}
        )


def _salvage(envelope_id: int, worked: Worked) -> None:
    """Every item of a failing envelope that can be recorded is; the envelope stays to be tried again.

    A transaction for each item: taking one item's locks after another's would break the one lock order.
    """
    envelope = Envelope.objects.select_related("account").filter(id=envelope_id).first()
    if envelope is None:
        return
    try:
        opened = open_envelope(envelope)
    except Exception:
        return
    for item in opened.items:
        try:
            with transaction.atomic():
                if not envelopes.is_held(envelope_id):
                    return
                worked.entries += _entries(_write([(Opened(envelope), [item])], worked))
        except Exception:
            worked.faults += 1
