"""What the receiver does off the request: nudging a worker, and counting what was not stored.

One background thread a process. Nudges are coalesced, because a worker drains the whole inbox anyway, and neither a
slow broker nor a slow count ever holds up an answer.
"""

import logging
import threading
import time
from collections import Counter

import redis
from django.conf import settings
from django.db import connection

from channels_ingest.counting import add_counts
from channels_ingest.tasks import process_inbox, send_outbox

log = logging.getLogger("cxhub.receiver")

#: What a worker is nudged for.
INBOX, SEND = "inbox", "send"
#: A nudge to send that no worker took by then is dropped: the sweeper has sent it.
NUDGE_EXPIRES_SECONDS = 30
#: Where Celery keeps tasks that no worker has taken yet.
QUEUE = "celery"
#: What asking Valkey may cost; nobody waits for it but this thread.
TIMEOUT_SECONDS = 0.1
#: At most one nudge in this time.
COALESCE_SECONDS = 0.01
#: After a broker failure none is tried for this long: the sweeper works meanwhile.
PAUSE_SECONDS = 1.0
#: Counts are written this often.
FLUSH_SECONDS = 1.0


class Intake:
    """Nudges and counts of one process. The thread starts at first use: a fork would lose it.

    With `has_thread` off, nothing happens until `flush`: for callers whose rows nobody else can see yet.
    """

    def __init__(self) -> None:
        self.has_thread = True
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._counts: Counter[tuple[int, str]] = Counter()
        self._nudges: set[str] = set()
        self._thread: threading.Thread | None = None
        self._valkey: redis.Redis | None = None

    def nudge(self, what: str = INBOX) -> None:
        """A worker will look at the inbox, or at the outbox, soon."""
        self._nudges.add(what)
        self._start()
        self._wake.set()

    def count(self, account_id: int, outcome: str) -> None:
        """One more delivery of the account was accepted, refused, repeated or too big."""
        with self._lock:
            self._counts[account_id, outcome] += 1
        self._start()
        self._wake.set()

    def _start(self) -> None:
        if not self.has_thread or (self._thread and self._thread.is_alive()):
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        flush_at = 0.0
        while True:
            # Waiting counts never hold up a nudge: a customer waits for that one.
            self._wake.wait(max(0.0, flush_at - time.monotonic()) if self._counts else None)
            self._wake.clear()
            for what in sorted(self._nudges):
                self._nudges.discard(what)
                self._send_nudge(what)
            if self._counts and time.monotonic() >= flush_at:
                self.flush()
                flush_at = time.monotonic() + FLUSH_SECONDS
            time.sleep(COALESCE_SECONDS)

    def _send_nudge(self, what: str) -> None:
        try:
            if what == SEND:
                send_outbox.apply_async(queue=QUEUE, retry=False, ignore_result=True, expires=NUDGE_EXPIRES_SECONDS)
                return
            # A worker drains the whole inbox, so one waiting nudge is enough; while no worker runs they would pile up.
            if self._broker().llen(QUEUE) == 0:
                process_inbox.apply_async(queue=QUEUE, retry=False, ignore_result=True)
        except Exception as error:
            log.warning("worker not nudged", extra={"fault": type(error).__name__})
            time.sleep(PAUSE_SECONDS)

    def _broker(self) -> redis.Redis:
        if self._valkey is None:
            self._valkey = redis.Redis.from_url(
                settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=None
            )
        return self._valkey

    def flush(self) -> None:
        """The counts so far are in the database; if it is away they are kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        try:
            add_counts(counts)
        except Exception as error:
            connection.close()
            with self._lock:
                self._counts.update(counts)
            log.warning("intake counts not written", extra={"fault": type(error).__name__})


intake = Intake()
