"""The inbox as a queue in PostgreSQL: storing, claiming and settling envelopes."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from django.db import connection
from django.utils import timezone

from channels_ingest.models import Envelope

#: An envelope that was tried this often without success is a dead letter: kept, shown, replayable, not retried.
MOST_ATTEMPTS = 5
#: From this attempt on an envelope is worked alone, so that it can only fail itself.
ALONE_AFTER = 2
#: Raw bytes worked in one transaction: some 600 messages, enough to spread a commit, few enough to stay short.
GROUP_BYTES = 500_000
#: Seconds until an unfinished attempt is due again, by number of attempts; a killed worker's envelopes wait no longer.
RETRY_SECONDS = (2, 4, 15, 60, 300)

_STORE = """
INSERT INTO channels_ingest_envelope (account_id, delivery_key, body, headers)
VALUES (%s, %s, %b, %s) ON CONFLICT (account_id, delivery_key) DO NOTHING RETURNING id
"""

_CLAIM = """
UPDATE channels_ingest_envelope SET attempts = attempts + 1,
    next_attempt_at =
        statement_timestamp() + make_interval(secs => (%(delays)s::float[])[least(attempts + 1, %(rungs)s)])
WHERE id IN (
    SELECT id FROM channels_ingest_envelope
    WHERE state = 'received' AND next_attempt_at <= statement_timestamp() - make_interval(secs => %(due_for)s)
        AND attempts < %(most)s
    ORDER BY next_attempt_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) RETURNING id, attempts, coalesce(octet_length(body), 0)
"""


def store(account_id: int, delivery_key: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """The delivery is a committed row. False if it was one already. One statement, so autocommit makes it durable.

    It is the one statement a provider waits for, so it is prepared, which Django's own cursor cannot.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_STORE, [account_id, delivery_key, body, json.dumps(headers)], prepare=True)
        return cursor.fetchone() is not None


@dataclass(frozen=True, slots=True)
class Claim:
    """Envelopes this worker has counted an attempt for: groups to work together, and those to work alone."""

    together: tuple[tuple[int, ...], ...]
    alone: tuple[int, ...]

    def __bool__(self) -> bool:
        return bool(self.together or self.alone)


def claim(limit: int, *, due_for_seconds: float = 0) -> Claim:
    """Counts an attempt on due envelopes, oldest first, and commits it before any work is done.

    Without the commit a crash would leave no trace, and an envelope that kills its worker would do so for ever.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "delays": list(RETRY_SECONDS),
                "rungs": len(RETRY_SECONDS),
                "limit": limit,
                "most": MOST_ATTEMPTS,
                "due_for": due_for_seconds,
            },
        )
        rows = sorted(cursor.fetchall())
    return Claim(
        together=tuple(_groups((pk, size) for pk, attempts, size in rows if attempts <= ALONE_AFTER)),
        alone=tuple(pk for pk, attempts, _ in rows if attempts > ALONE_AFTER),
    )


def _groups(sized: Iterable[tuple[int, int]]) -> Iterator[tuple[int, ...]]:
    """Envelopes in groups of at most `GROUP_BYTES`: one delivery may hold a thousand updates."""
    group: list[int] = []
    total = 0
    for pk, size in sized:
        if group and total + size > GROUP_BYTES:
            yield tuple(group)
            group, total = [], 0
        group.append(pk)
        total += size
    if group:
        yield tuple(group)


def hold(ids: Sequence[int]) -> list[Envelope]:
    """The still unworked envelopes of a claim, locked; what another worker holds or has finished is left out."""
    rows = Envelope.objects.select_for_update(skip_locked=True, of=("self",))
    return list(rows.filter(id__in=ids, state=Envelope.State.RECEIVED).select_related("account").order_by("id"))


def settle(ids: Iterable[int], state: str, fault: str = "") -> None:
    """The envelopes are done, for now or for good."""
    Envelope.objects.filter(id__in=list(ids)).update(state=state, processed_at=timezone.now(), fault=fault[:500])


def note_fault(envelope_id: int, fault: str) -> bool:
    """The fault of a failed attempt is written down; returns whether that was the last attempt."""
    row = Envelope.objects.filter(id=envelope_id, state=Envelope.State.RECEIVED)
    is_last = row.filter(attempts__gte=MOST_ATTEMPTS).update(state=Envelope.State.DEAD, fault=fault[:500]) > 0
    if not is_last:
        row.update(fault=fault[:500])
    return is_last


def bury_exhausted() -> int:
    """Envelopes whose every attempt ended without a word (their worker died) are dead letters; returns how many."""
    exhausted = Envelope.objects.filter(
        state=Envelope.State.RECEIVED, attempts__gte=MOST_ATTEMPTS, next_attempt_at__lte=timezone.now()
    )
    return exhausted.update(state=Envelope.State.DEAD, fault="every attempt ended without an answer: its worker died")


def replay(envelopes: Iterable[int]) -> int:
    """The envelopes are due again as if just received; entries they already made stay once. Returns how many."""
    again = Envelope.objects.filter(id__in=list(envelopes), body__isnull=False)
    return again.update(
        state=Envelope.State.RECEIVED, attempts=0, next_attempt_at=timezone.now(), processed_at=None, fault=""
    )


def prune(older_than_days: int, *, limit: int = 5_000) -> int:
    """Raw bodies worked longer ago than this are gone, keys stay. At most `limit` a call, so that no lock is long."""
    before = timezone.now() - timedelta(days=older_than_days)
    worked = Envelope.objects.filter(processed_at__lt=before, body__isnull=False).exclude(
        state__in=[Envelope.State.RECEIVED, Envelope.State.DEAD]
    )
    ids = list(worked.order_by("processed_at").values_list("id", flat=True)[:limit])
    return Envelope.objects.filter(id__in=ids).update(body=None, headers={})
