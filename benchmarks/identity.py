"""`bench identity`: merging and unmerging beside the size of the history, messages that add no evidence, the pure
resolution of a large component, and `rebuild` of a large hub."""

import logging
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from benchmarks import deliveries, rebuild, scratch

HISTORIES = (10_000, 100_000, 1_000_000)
ROUNDS = 21


def run(count: int) -> None:
    """Prints all figures; `count` channel identities are rebuilt."""
    _resolve_a_component()
    for entries in HISTORIES:
        with scratch.database() as environ:
            _inside(environ, "merge", str(entries))
    with scratch.database() as environ:
        settings = ["--set", f"app_secret={deliveries.SECRET}", "--set", "verify_token=benchmark"]
        scratch.manage(environ, "connect", "whatsapp_cloud", "--name", "Benchmark", *settings)
        _inside(environ, "messages")
    rebuild.run(count)


def _inside(environ: dict[str, str], *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "benchmarks.identity", *arguments],
        env={**environ, "DJANGO_SETTINGS_MODULE": "cxhub.settings"}, cwd=scratch.PROJECT, check=True,
    )  # fmt: skip


def _resolve_a_component() -> None:
    from profiles.identity.evidence import Seen
    from profiles.identity.partition import resolve

    chance = random.Random(1)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    seen = []
    for number in range(1_000):
        at = start + timedelta(minutes=number)
        phone = f"+4915{chance.randrange(10**8):08}"
        seen.append(Seen((1, f"n{number}", "proved", ""), ("visitor", "shop", f"v{number // 2}"), "proved", at))
        seen.append(Seen((1, f"n{number}", "proved", ""), ("visitor", "shop", f"w{(number + 1) // 2}"), "proved", at))
        seen.append(
            Seen((1, f"n{number}", "proved", ""), ("phone", "", phone if number % 9 else "+4915112345678"), "weak", at)
        )
    resolve(seen)
    times = _times(lambda: resolve(seen))
    assert max(map(len, resolve(seen).blocks)) > 100
    print(
        f"{statistics.median(times):8.1f} ms   pure resolve of a component of 1,000 channel identities, 3,000 sightings"
    )


def _times(work: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1_000)
    return times


_PEOPLE = """
INSERT INTO profiles_channelaccount (id, key, provider, channel, name, settings, is_enabled, created_at)
VALUES (900, 'bench', 'bench', 'sms', 'Bench', '{}', true, now());
INSERT INTO profiles_profile (id, display_name, created_at) SELECT n, '', now() FROM generate_series(1, %(people)s) n;
INSERT INTO profiles_channelidentity
    (id, account_id, address, standing, epoch_start, profile_id, reply_refusal, created_at)
SELECT n, 900, '+49151' || lpad(n::text, 8, '0'), 'proved', '1970-01-01Z', n, '', now()
FROM generate_series(1, %(people)s) n;
INSERT INTO profiles_identifier (id, kind, scope, value, join_key, status, shared_epochs)
SELECT n, 'phone', '', '+49151' || lpad(n::text, 8, '0'), '+49151' || lpad(n::text, 8, '0'), 'normal', '{}'
FROM generate_series(1, %(people)s) n;
INSERT INTO profiles_sighting (identifier_id, channel_identity_id, grade, source, occurred_at, recorded_at)
SELECT n, n, 'weak', 'm' || n, '2026-01-01Z', now() FROM generate_series(1, %(people)s) n;
SELECT setval(pg_get_serial_sequence('profiles_channelidentity', 'id'), %(people)s);
SELECT setval(pg_get_serial_sequence('profiles_identifier', 'id'), %(people)s);
"""

_ENTRIES = """
INSERT INTO timeline_entry (channel_identity_id, account_id, kind, direction, occurred_at, recorded_at,
    provider_message_id, text, detail, is_placeholder, is_backfilled, sightings)
SELECT 1 + n %% %(people)s, 900, 'message', CASE WHEN n %% 2 = 0 THEN 'in' ELSE 'out' END,
    '2026-01-01Z'::timestamptz + n * interval '1 second', now(), 'm' || n, 'A message of ordinary length, number ' || n,
    '{"type": "text"}', false, false, '{}'
FROM generate_series(1, %(entries)s) n;
"""


def _fill(people: int, entries: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in (_PEOPLE + _ENTRIES).split(";\n"):
            if statement.strip():
                cursor.execute(statement, {"people": people, "entries": entries})
    _fold()


def _fold() -> None:
    """The projections of what was written behind their back, set by set."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE profiles_channelidentity c SET first_seen = f.a, last_seen = f.b, last_inbound_at = f.i,"
            " last_outbound_at = f.o FROM (SELECT channel_identity_id AS id, min(occurred_at) a, max(occurred_at) b,"
            " max(occurred_at) FILTER (WHERE direction = 'in') i, max(occurred_at) FILTER (WHERE direction = 'out') o"
            " FROM timeline_entry GROUP BY 1) f WHERE c.id = f.id"
        )
        cursor.execute("ANALYZE")


def _merging(entries: int) -> None:
    """Two customers with four addresses in all and `entries` entries; each is merged, undone and merged again."""
    from django.db import connection, transaction

    from profiles.merging import merge, unmerge
    from profiles.models import Role, StaffMember
    from timeline.queue import refold

    _fill(4, entries)
    refold([1, 2, 3, 4])
    lead = StaffMember.objects.create_staff("lead@bench.example", role=Role.LEAD)
    merge(1, 2, actor=lead)
    merge(3, 4, actor=lead)
    merged, unmerged = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        merge(1, 3, actor=lead)
        merged.append((time.perf_counter() - started) * 1_000)
        started = time.perf_counter()
        unmerge(1, [3, 4], actor=lead)
        unmerged.append((time.perf_counter() - started) * 1_000)
    started = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE timeline_entry SET channel_identity_id = 1 WHERE channel_identity_id IN (3, 4)")
        transaction.set_rollback(True)
    rewritten = (time.perf_counter() - started) * 1_000
    print(
        f"{statistics.median(merged):8.1f} ms   merge of customers with {entries:,} entries (p95 {_p95(merged):.1f});"
        f" unmerge {statistics.median(unmerged):.1f} ms (p95 {_p95(unmerged):.1f});"
        f" rewriting the rows of one side instead: {rewritten:,.0f} ms"
    )


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _messages() -> None:
    """Statements and identity locks of single messages, one claim each."""
    from django.db import connection

    from channels_ingest import pipeline
    from channels_ingest.models import Envelope
    from profiles.models import ChannelAccount

    account = ChannelAccount.objects.get()
    logging.getLogger("cxhub").setLevel(logging.ERROR)
    statements = locks = 0

    def count(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        nonlocal statements, locks
        statements += len(params) if many else 1
        locks += "pg_advisory_xact_lock" in sql
        return execute(sql, params, many, context)

    newcomers = deliveries.bodies(100, customers=1_000_000, seed=1)
    regulars = deliveries.bodies(120, customers=1, seed=2)
    pipeline_of_one = [("a new customer's message", newcomers), ("a message that adds no evidence", regulars)]
    Envelope.objects.create(account=account, delivery_key="warm", body=next(regulars), headers={})
    pipeline.drain()
    for label, bodies in pipeline_of_one:
        statements = locks = worked = 0
        for number, body in enumerate(bodies):
            Envelope.objects.create(account=account, delivery_key=f"{label}{number}", body=body, headers={})
            with connection.execute_wrapper(count):
                worked += pipeline.drain().entries
        # One advisory lock statement is that of the message's own id, which is no identity lock.
        print(
            f"{statements / worked:8.1f} statements, {locks / worked - 1:.1f} identity lock statements   {label}, alone"
        )


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxhub.settings")
    django.setup()
    if sys.argv[1] == "merge":
        _merging(int(sys.argv[2]))
    else:
        _messages()
