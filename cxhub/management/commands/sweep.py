"""The sweeper: the guarantee that what was acknowledged is worked and what was written is sent, with no broker."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import connection

from channels_ingest import envelopes, pipeline
from channels_ingest.acknowledging import acknowledge_due
from channels_ingest.media.fetches import fetch_one
from channels_ingest.reconciling import reconcile_one
from channels_ingest.sending import outbox
from channels_ingest.sending.courier import Courier, send_one
from channels_ingest.simulator import reporting
from cxhub.running.readiness import announce_ready
from cxhub.running.settled import settle
from profiles import likeness
from profiles.locking import lock_id
from timeline.search import index as search_index
from timeline.work.sweeping import wake_due

log = logging.getLogger("cxhub.sweeper")

#: How often PostgreSQL is asked. A worker that is alive has normally finished by then.
POLL_SECONDS = 1.0
#: What became due more recently is left to the worker, which was nudged for it.
LEAVE_TO_WORKER_SECONDS = 1.0
#: What the search for duplicates may take of each poll, after everything due was worked; messages never wait longer.
COMPARE_SECONDS = 0.3
#: The same for making searchable what was written. What it has not reached, a search reads for itself.
INDEX_SECONDS = 0.5
#: Work of those kinds that failed, even on odd data, is left alone for so long; its cursor stays where it was.
PAUSE_SECONDS = 60.0
#: Messages that the sweeper sends at one time; each may take as long as a provider lets it.
SENDING_THREADS = 2
#: Files that the sweeper fetches at one time.
FETCHING_THREADS = 2
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
        fetcher = Courier(lambda: fetch_one(due_for_seconds=LEAVE_TO_WORKER_SECONDS), threads=FETCHING_THREADS)
        reporter = Courier(_report, threads=1)
        reconciler = Courier(_reconcile, threads=1)
        settle()
        announce_ready()
        next_at = dict.fromkeys(_BEHIND, 0.0)
        while not stop.wait(POLL_SECONDS):
            try:
                if self._leads():
                    sender.wake()
                    fetcher.wake()
                    reporter.wake()
                    reconciler.wake()
                    sweep()
                    for name, work in _BEHIND.items():
                        if time.monotonic() >= next_at[name] and not succeeds(name, work):
                            next_at[name] = time.monotonic() + PAUSE_SECONDS
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


def _reconcile() -> bool:
    """One provider's list was compared with the inbox; whether another's turn has come. A slow one holds nobody up."""
    try:
        return reconcile_one()
    except DatabaseError:
        raise
    except Exception as error:
        log.warning("reconciling failed", extra={"fault": type(error).__name__})
        return False


def acknowledge() -> None:
    """The lines that answer by themselves have."""
    acknowledge_due()


def wake() -> None:
    """Whose snooze ran out is back in the queue."""
    wake_due()


def compare() -> None:
    """A little of what was newly told has been looked at for likely duplicates."""
    likeness.catch_up(seconds=COMPARE_SECONDS)


def index() -> None:
    """A little of what was newly written is searchable."""
    search_index.catch_up(seconds=INDEX_SECONDS)


#: What is done after the messages, each by its name in the log.
_BEHIND = {"acknowledging": acknowledge, "snoozes": wake, "search for duplicates": compare, "search index": index}


def succeeds(name: str, work: Callable[[], None]) -> bool:
    """Whether work behind the messages did not fail: no fault of it may end the loop that guarantees the messages."""
    try:
        work()
    except Exception as error:
        log.warning("work behind the messages failed", extra={"work": name, "fault": type(error).__name__})
        return False
    return True
