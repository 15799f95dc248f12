"""`bench pipeline`: messages a second from stored envelopes to entries on timelines, by one worker process."""

import subprocess
import sys
import time

import psycopg

from benchmarks import deliveries, scratch


def run(count: int) -> None:
    """Prints the rate with all customers new, and with all of them known."""
    with scratch.database() as environ:
        settings = ["--set", f"app_secret={deliveries.SECRET}", "--set", "verify_token=benchmark"]
        scratch.manage(environ, "connect", "whatsapp_cloud", "--name", "Benchmark", *settings)
        customers = max(1, count // 5)
        for label, seed in (("a fifth of the messages from new customers", 1), ("all customers known", 2)):
            _fill(environ["DATABASE_URL"], count, customers, seed)
            rate, entries, spent = _drain(environ)
            print(f"{rate:8.0f} messages/s   {label}   ({entries} entries, one worker, batches of up to 500)")
            print(f"{spent:8.2f} ms of the worker's CPU for each")
        print(f"{_queries(environ):8.1f} statements per message when all customers are known")


def _fill(url: str, count: int, customers: int, seed: int) -> None:
    with psycopg.connect(url) as database, database.cursor() as cursor:
        with cursor.copy("COPY channels_ingest_envelope (account_id, delivery_key, body, headers) FROM STDIN") as copy:
            for number, body in enumerate(deliveries.bodies(count, customers=customers, seed=seed)):
                copy.write_row((1, f"{seed}.{number}", body, "{}"))
        cursor.execute("ANALYZE")  # as autovacuum does within a minute; a fresh database has no statistics at all


_WORKER = """
import django, time; django.setup()
from channels_ingest import pipeline
from channels_ingest.registry import ADAPTERS
from django.db import connection
connection.ensure_connection()
started, spent = time.perf_counter(), time.process_time()
worked = pipeline.drain()
spent = (time.process_time() - spent) * 1000 / worked.entries
print(worked.entries / (time.perf_counter() - started), worked.entries, spent)
"""

_COUNTING = """
import django; django.setup()
from django.db import connection
from channels_ingest import pipeline
statements = 0
def count(execute, sql, params, many, context):
    global statements
    statements += len(params) if many else 1
    return execute(sql, params, many, context)
with connection.execute_wrapper(count):
    worked = pipeline.drain()
print(statements / worked.entries)
"""


def _drain(environ: dict[str, str]) -> tuple[float, int, float]:
    rate, entries, spent = _python(environ, _WORKER).split()
    return float(rate), int(entries), float(spent)


def _queries(environ: dict[str, str]) -> float:
    _fill(environ["DATABASE_URL"], 1_000, 200, 3)
    _python(environ, _WORKER)
    _fill(environ["DATABASE_URL"], 1_000, 200, 4)
    return float(_python(environ, _COUNTING))


def _python(environ: dict[str, str], source: str) -> str:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={**environ, "DJANGO_SETTINGS_MODULE": "cxhub.settings"}, check=True, capture_output=True, text=True,
        cwd=scratch.PROJECT,
    )  # fmt: skip
    assert time.monotonic() - started < 600
    return done.stdout
