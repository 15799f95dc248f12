"""The sweeper: the guarantee that what was acknowledged is worked, with no broker involved."""

import logging
import signal
import threading
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import connection

from channels_ingest import envelopes, pipeline
from cxhub.running.readiness import announce_ready
from profiles import likeness
from profiles.locking import lock_id

log = logging.getLogger("cxhub.sweeper")

#: How often PostgreSQL is asked. A worker that is alive has normally finished by then.
POLL_SECONDS = 1.0
#: What became due more recently is left to the worker, which was nudged for it.
LEAVE_TO_WORKER_SECONDS = 1.0
#: What the search for duplicates may take of each poll, after everything due was worked; messages never wait longer.
COMPARE_SECONDS = 0.3
#: A search that failed, even on odd data, is left alone for so long; the cursor stays where it was.
COMPARE_PAUSE_SECONDS = 60.0
_LEADER = lock_id("process", "sweeper")


class Command(BaseCommand):
    help = (
        "Work every due envelope from PostgreSQL alone, for ever (one sweeper works at a time, on however many hosts)."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        announce_ready()
        compare_at = 0.0
        while not stop.wait(POLL_SECONDS):
            try:
                if self._leads():
                    sweep()
                    if time.monotonic() >= compare_at and not compare():
                        compare_at = time.monotonic() + COMPARE_PAUSE_SECONDS
            except DatabaseError as error:
                log.warning("sweep failed", extra={"fault": type(error).__name__})
                connection.close()

    @staticmethod
    def _leads() -> bool:
        """Whether this process holds the session lock that lets one sweeper work; it goes with the connection."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LEADER])
            return bool(cursor.fetchone()[0])


def sweep() -> None:
    """Everything due has been worked and what was tried too often is a dead letter."""
    envelopes.bury_exhausted()
    pipeline.drain(due_for_seconds=LEAVE_TO_WORKER_SECONDS)


def compare() -> bool:
    """A little of what was newly told has been looked at for likely duplicates; False when that failed.

    No fault of it may end the loop that guarantees the messages.
    """
    try:
        likeness.catch_up(seconds=COMPARE_SECONDS)
    except Exception as error:
        log.warning("search for duplicates failed", extra={"fault": type(error).__name__})
        return False
    return True
