"""Whether the hub's own processes live, told by the locks and files that they hold anyway."""

import time
from collections.abc import Iterator

from django.db import connection

from cxhub.celery import app
from cxhub.doctor.findings import Finding, bad, ok, warning
from cxhub.running.data_folder import DataFolder
from profiles.locking import lock_id

#: Celery's clock writes its schedule down every three minutes.
MOST_BEAT_SECONDS = 600
_WORKER_SECONDS = 3.0
_HELD = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
AND ((classid::bigint << 32) | objid::bigint) = %s
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def sweeper() -> Iterator[Finding]:
    """Some host's sweeper holds the lock that lets one work."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [lock_id("process", "sweeper")])
        is_held = bool(cursor.fetchone()[0])
    if is_held:
        yield ok("sweeper", "works")
    else:
        do = "Start `up` on at least one host. Without it nothing is sure to be worked once Valkey fails."
        yield bad("sweeper", "none runs on any host", do)


def worker() -> Iterator[Finding]:
    """A Celery worker answers; one that is busy may not."""
    try:
        answers = app.control.ping(timeout=_WORKER_SECONDS)
    except Exception as error:
        yield bad("worker", f"cannot be asked over Valkey: {type(error).__name__}", "See what is said about valkey.")
        return
    if answers:
        yield ok("worker", f"{len(answers)} answered")
    else:
        do = "Start `up`. If it runs, the worker is busy or gone: the sweeper does its work, a second later."
        yield warning("worker", "none answered within 3 s", do)


def beat(folder: DataFolder) -> Iterator[Finding]:
    """The clock of this host wrote its schedule down not long ago. That of another host is not seen from here."""
    files = list(folder.run.glob("beat-schedule*"))
    age = time.time() - max((path.stat().st_mtime for path in files), default=0.0)
    if age < MOST_BEAT_SECONDS:
        yield ok("beat", "works")
    else:
        do = "Start `up` on one host. Without it raw bodies and old files are not pruned; messages are not affected."
        yield warning("beat", "none has been seen on this host for ten minutes", do)
