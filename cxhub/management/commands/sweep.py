"""The sweeper: the guarantee that what was acknowledged is worked and what was written is sent, with no broker."""

import logging
import signal
import threading
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import connection

from channels_ingest import envelopes, pipeline
from channels_ingest.sending import outbox
from channels_ingest.sending.courier import Courier, send_one
from channels_ingest.simulator import reporting
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
#: Messages that the sweeper sends at one time; each may take as long as a provider lets it.
SENDING_THREADS = 2
#: How often the simulator looks for what to report.
REPORT_SECONDS = 0.2
_LEADER = lock_id("process", "sweeper")


class Command(BaseCommand):
    help = (
        "Work every due envelope and send every due message from PostgreSQL alone, for ever"
        " (one sweeper works at a time, on however many hosts)."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        sender = Courier(lambda: send_one(due_for_seconds=LEAVE_TO_WORKER_SECONDS), threads=SENDING_THREADS)
        reporter = Courier(_report, threads=1)
        announce_ready()
        compare_at = 0.0
        while not stop.wait(POLL_SECONDS):
            try:
                if self._leads():
                    sender.wake()
                    reporter.wake()
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
    """Everything due has been worked, what was tried too often is a dead letter, what was lost is unknown."""
    envelopes.bury_exhausted()
    outbox.give_up_on_lost()
    pipeline.drain(due_for_seconds=LEAVE_TO_WORKER_SECONDS)


def _report() -> bool:
    """The simulator has reported what was due; whether more is to come."""
    while reporting.report_one():
        pass
    if reporting.is_idle():
        return False
    time.sleep(REPORT_SECONDS)
    return True


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
