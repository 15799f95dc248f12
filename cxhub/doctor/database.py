"""PostgreSQL: the right version, made as the hub needs it, with its tables, its clock, and what it promises."""

import time
from collections.abc import Iterator

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from cxhub.doctor.findings import Finding, bad, ok, warning
from cxhub.running.servers import OLDEST_POSTGRES

ABOUT = "postgresql"
#: A batch takes up to 9,000 locks, which the default of 64 for each of 100 connections is measured to hold.
LEAST_LOCKS = 6_400
#: Threads of web, live, worker, sweeper and beat of one host, with room for commands.
LEAST_CONNECTIONS = 50
#: Providers sign with a time, and who waits how long is told by it.
MOST_SKEW_SECONDS, BAD_SKEW_SECONDS = 2.0, 30.0


def server() -> Iterator[Finding]:
    """Version, encoding, durability, and whether it takes writes."""
    version = connection.cursor().connection.info.server_version // 10_000
    if version < OLDEST_POSTGRES:
        yield bad(ABOUT, f"version {version} is too old", f"Use PostgreSQL {OLDEST_POSTGRES} or newer.")
    else:
        yield ok(ABOUT, f"version {version}; the hub needs no extension and no locale of it")
    encoding = _setting("server_encoding")
    if encoding != "UTF8":
        do = "Make a database with ENCODING 'UTF8' TEMPLATE template0, move the data there and correct DATABASE_URL."
        yield bad(ABOUT, f"the database is encoded {encoding}: names in other scripts cannot be stored", do)
    if _asked("SELECT pg_is_in_recovery()") or _setting("default_transaction_read_only") == "on":
        yield bad(ABOUT, "this server takes no writes: it is a standby or set read-only", "Name the primary server.")
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if _setting(name) == "off":
            says = f"{name} is off: a delivery that was answered 200 can be lost when the machine fails"
            yield bad(ABOUT, says, f"Set {name} = on in postgresql.conf and reload.")
    if _setting("default_transaction_isolation") != "read committed":
        says = "transactions are not read committed by default; the hub reads again under its locks"
        yield bad(ABOUT, says, "Reset default_transaction_isolation for this database and user.")


def capacity() -> Iterator[Finding]:
    """Room for connections and for the locks of a batch."""
    connections, reserved = int(_setting("max_connections")), int(_setting("superuser_reserved_connections"))
    locks = int(_setting("max_locks_per_transaction")) * (connections + int(_setting("max_prepared_transactions")))
    used = int(str(_asked("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")))
    if locks < LEAST_LOCKS:
        needed = -(-LEAST_LOCKS // max(1, connections))
        says = f"room for {locks:,} locks; a batch of messages may need {LEAST_LOCKS:,} and is then worked slowly"
        yield warning(ABOUT, says, f"Set max_locks_per_transaction = {needed} and restart PostgreSQL.")
    free = connections - reserved - used
    says = f"{used} of {connections} connections used, {locks:,} locks"
    if connections - reserved < LEAST_CONNECTIONS or free < 10:
        do = f"Set max_connections to {LEAST_CONNECTIONS + reserved} or more for one host, and more for each other."
        yield warning(ABOUT, f"{says}: another process may find none free", do)
    else:
        yield ok(ABOUT, says)


def tables() -> Iterator[Finding]:
    """Every migration was applied, and this user may apply the next."""
    executor = MigrationExecutor(connection)
    missing = [f"{m.app_label}.{m.name}" for m, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    known = set(executor.loader.disk_migrations)
    ours = {app for app, _ in known}
    newer = sorted(
        f"{app}.{name}" for app, name in executor.loader.applied_migrations if app in ours and (app, name) not in known
    )
    if missing:
        says = f"{len(missing)} migrations are not applied, first {missing[0]}"
        yield bad("tables", says, "Run `python3 manage.py migrate`, or `up`, which does it.")
    elif newer:
        do = "Start the newer version of the hub again, or restore the backup from before it."
        yield bad("tables", f"the database was written by a newer hub: {newer[0]}", do)
    else:
        yield ok("tables", "every migration is applied")
    if not _asked("SELECT has_schema_privilege(current_schema(), 'CREATE')"):
        do = "GRANT CREATE ON SCHEMA to the hub's user, or run migrations as another one."
        yield warning("tables", "this user may make no tables, so the next update cannot migrate", do)


def clock() -> Iterator[Finding]:
    """This machine and the database server agree about the time."""
    before = time.time()
    theirs = float(str(_asked("SELECT extract(epoch FROM clock_timestamp())")))
    skew = theirs - (before + time.time()) / 2
    says = f"the database server's clock is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} this machine's"
    do = "Run NTP on both: signed deliveries are refused by their time, and waiting is counted by it."
    if abs(skew) > BAD_SKEW_SECONDS:
        yield bad("clock", says, do)
    elif abs(skew) > MOST_SKEW_SECONDS:
        yield warning("clock", says, do)
    else:
        yield ok("clock", "this machine and the database server agree")


def _setting(name: str) -> str:
    return str(_asked("SELECT current_setting(%s)", name))


def _asked(question: str, *parameters: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(question, parameters)
        row = cursor.fetchone()
        return row[0] if row else None
