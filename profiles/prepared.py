"""Statements that are planned seldom: planning the long ones takes PostgreSQL five times as long as doing them.

Each parameter's type must be told (`%s::bigint[]`), since PostgreSQL plans before it sees one. Django's own cursor
writes the values into the statement, so that each is planned anew.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

_STARTED = time.monotonic()
#: Plans are kept for so long at first, then for twice as long each time: the tables of a young hub grow from nothing,
#: later PostgreSQL itself makes plans anew whenever it has counted a table again.
FIRST_KEPT_SECONDS = 4


class _Prepared(psycopg.Cursor[Any]):
    def execute(self, query: Any, params: Sequence[Any] | Mapping[str, Any] | None = None, **_: Any) -> "_Prepared":
        age = int((time.monotonic() - _STARTED) / FIRST_KEPT_SECONDS).bit_length()
        super().execute(f"{query} -- {age}", params, prepare=True)
        return self


def prepared() -> CursorWrapper:
    """A cursor of Django's connection, in the transaction it is in, whose statements are prepared at first use."""
    connection.ensure_connection()
    cursor = _Prepared(connection.connection)
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    return wrap(cursor)  # type: ignore[arg-type]  # as Django's own, which is no wrapper either


def keep_plans(connection: BaseDatabaseWrapper, **_: object) -> None:
    """What is prepared on the new connection has one plan for all values; else PostgreSQL plans for each at first.

    No statement is shared among processes or compiled: starting either takes longer than all that a page asks.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SET plan_cache_mode = force_generic_plan; SET max_parallel_workers_per_gather = 0; SET jit = off"
        )
