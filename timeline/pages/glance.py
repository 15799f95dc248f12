"""What every page of the inbox needs beside its content, in one query."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

WAITING_SHOWN_LIMIT = 99

_GLANCE = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text,
       (SELECT count(*) FROM (SELECT FROM timeline_queuerow WHERE waiting_since IS NOT NULL LIMIT %(limit)s) w),
       (SELECT waiting_since FROM timeline_queuerow WHERE profile_id = %(profile)s)
"""


@dataclass(frozen=True, slots=True)
class Glance:
    """`cursor` is where to go on pulling, if taken before the content; `waiting_since` is the open customer's."""

    cursor: str
    waiting_count: str
    waiting_since: datetime | None


def glance(profile_id: int | None = None) -> Glance:
    """The cursor of now, how many customers wait (counted up to 99), and since when the open one does."""
    with connection.cursor() as cursor:
        cursor.execute(_GLANCE, {"limit": WAITING_SHOWN_LIMIT + 1, "profile": profile_id})
        head, waiting, since = cursor.fetchone()
    shown = f"{WAITING_SHOWN_LIMIT}+" if waiting > WAITING_SHOWN_LIMIT else str(waiting or "")
    return Glance(head, shown, since)
