"""The inbox as a queue in PostgreSQL: storing, claiming and settling envelopes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import psycopg
from django.db import connection
from django.utils import timezone

from channels_ingest.models import Envelope
from profiles.models import ChannelAccount
from profiles.prepared import prepared

#: An envelope that was tried this often without success is a dead letter: kept, shown, replayable, not retried.
MOST_ATTEMPTS = 5
#: From this attempt on an envelope is worked alone, so that it can only fail itself.
ALONE_AFTER = 2
#: Raw bytes of one claim: some 600 messages, enough to spread a commit, few enough to be worked within a second.
CLAIM_BYTES = 500_000
#: Seconds until an unfinished attempt is due again, by number of attempts; a killed worker's envelopes wait no longer.
#: A large envelope gets a second more for every 50 kB, so that nobody claims it while it is being worked.
RETRY_SECONDS = (5, 10, 30, 120, 600)
#: Where the query of a delivery's address stands among the stored headers; no header is called so.
QUERY = ":query"
LONGEST_QUERY = 2_000  # characters; ours holds one reference

#: Marks an envelope that the hub itself wrote, with what it holds. No adapter keeps a header of this name.
ORIGIN, UNSUBSCRIBED, LISTED, TEST = "cxhub", "unsubscribe", "listed", "test"
#: When the provider had what it never delivered.
TOLD_AT = "cxhub-at"

_STORE = """
INSERT INTO channels_ingest_envelope (account_id, delivery_key, body, headers)
VALUES (%s, %s, %b, %s) ON CONFLICT (account_id, delivery_key) DO NOTHING RETURNING id
"""

_STORE_BY_KEY = """
INSERT INTO channels_ingest_envelope (account_id, delivery_key, body, headers)
SELECT id, %s::text, %b::bytea, %s::jsonb FROM profiles_channelaccount WHERE key = %s::text
ON CONFLICT (account_id, delivery_key) DO NOTHING RETURNING account_id
"""

_CLAIM = """
WITH due AS (
    SELECT id, next_attempt_at, coalesce(octet_length(body), 0) AS bytes FROM channels_ingest_envelope
    WHERE state = 'received' AND next_attempt_at <= statement_timestamp() - make_interval(secs => %(due_for)s::float)
        AND attempts BETWEEN %(least)s::int AND %(most)s::int
    ORDER BY next_attempt_at, id LIMIT %(limit)s::int FOR UPDATE SKIP LOCKED
), claimed AS (
    SELECT id FROM (
        SELECT id, sum(bytes) OVER (ORDER BY next_attempt_at, id) - bytes AS bytes_before FROM due
    ) AS summed WHERE bytes_before < %(bytes)s::int
)
UPDATE channels_ingest_envelope AS e SET attempts = attempts + 1,
    next_attempt_at = statement_timestamp() + make_interval(
        secs => (%(delays)s::float[])[least(attempts + 1, %(rungs)s::int)] + coalesce(octet_length(body), 0) / 50000.0)
FROM claimed WHERE e.id = claimed.id RETURNING e.id
"""

#: In SQL, because each batch asks, of one message too: putting it together took a fifth of the work on that.
_HOLD = "SELECT * FROM channels_ingest_envelope WHERE id = ANY(%s) AND state = 'received' ORDER BY id FOR UPDATE"
_ACCOUNTS = "SELECT * FROM profiles_channelaccount WHERE id = ANY(%s)"

_SETTLE = """
UPDATE channels_ingest_envelope SET state = %s::text, processed_at = %s::timestamptz, fault = %s::text
WHERE id = ANY(%s::bigint[])
"""


def store(account_id: int, delivery_key: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """The delivery is a committed row. False if it was one already. One statement, so autocommit makes it durable.

    It is the one statement a provider waits for, so it is prepared, which Django's own cursor cannot.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_STORE, [account_id, delivery_key, body, json.dumps(headers)], prepare=True)
        return cursor.fetchone() is not None


def store_by_key(account_key: str, delivery_key: str, body: bytes, headers: Mapping[str, str]) -> int | None:
    """As `store`, where the account is known by its key; its id, or None if it has the delivery, or there is none."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_STORE_BY_KEY, [delivery_key, body, json.dumps(headers), account_key], prepare=True)
        row: tuple[int] | None = cursor.fetchone()
        return row and row[0]


def with_query(headers: Mapping[str, str], query: str) -> dict[str, str]:
    """What is stored of a request beside its body: the headers, and the query if it is one that we could have written.

    Where the provider signs the address, its adapter may read the query; elsewhere anybody can change it.
    """
    is_sane = 0 < len(query) <= LONGEST_QUERY and query.isascii() and query.isprintable()
    return {**headers, QUERY: query} if is_sane else dict(headers)


def claim(limit: int, *, due_for_seconds: float = 0) -> list[int]:
    """Due envelopes to be worked together, oldest first; an attempt of each is counted and committed before any work.

    Without the commit a crash would leave no trace, and an envelope that kills its worker would do so for ever.
    """
    return _claim(0, ALONE_AFTER - 1, limit, due_for_seconds)


def claim_alone(*, due_for_seconds: float = 0) -> list[int]:
    """One due envelope that was tried before. One at a time: what kills its worker takes no claimed neighbour along."""
    return _claim(ALONE_AFTER, MOST_ATTEMPTS - 1, 1, due_for_seconds)


def _claim(least_attempts: int, most_attempts: int, limit: int, due_for_seconds: float) -> list[int]:
    parameters: dict[str, Any] = {
        "least": least_attempts,
        "most": most_attempts,
        "limit": limit,
        "due_for": due_for_seconds,
        "bytes": CLAIM_BYTES,
        "delays": list(RETRY_SECONDS),
        "rungs": len(RETRY_SECONDS),
    }
    with prepared() as cursor:
        cursor.execute(_CLAIM, parameters)
        return sorted(row[0] for row in cursor.fetchall())


def hold(ids: Sequence[int]) -> list[Envelope]:
    """The still unworked envelopes of a claim, locked; what another worker has finished meanwhile is left out.

    It waits for rows that another holds: skipping them would pass over one that another claim just looked at, found
    taken and lets go again. Nobody who holds other locks waits here, and rows are taken in ascending order.
    """
    held = list(Envelope.objects.raw(_HOLD, [list(ids)]))
    accounts = ChannelAccount.objects.raw(_ACCOUNTS, [list({each.account_id for each in held})]) if held else ()
    account_of = {account.pk: account for account in accounts}
    for each in held:
        each.account = account_of[each.account_id]
    return held


def is_held(envelope_id: int) -> bool:
    """Whether the envelope is still unworked and now locked by this transaction."""
    row = Envelope.objects.select_for_update().filter(id=envelope_id, state=Envelope.State.RECEIVED)
    return row.values_list("id", flat=True).first() is not None


def settle(ids: Iterable[int], state: str, fault: str = "") -> None:
    """The envelopes are done, for now or for good."""
    with prepared() as cursor:
        cursor.execute(_SETTLE, [state, timezone.now(), fault[:500], list(ids)])


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
    """Raw bodies processed longer ago than this are gone, keys stay. At most `limit` a call, so that no lock is long.

    What was not understood or is a dead letter keeps its body until it is replayed: it is a message nobody has read.
    """
    before = timezone.now() - timedelta(days=older_than_days)
    worked = Envelope.objects.filter(processed_at__lt=before, body__isnull=False, state=Envelope.State.PROCESSED)
    ids = list(worked.order_by("processed_at").values_list("id", flat=True)[:limit])
    return worked.filter(id__in=ids).update(body=None, headers={})
