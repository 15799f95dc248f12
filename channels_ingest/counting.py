"""Counts of what became of deliveries, by account and hour."""

from collections.abc import Mapping

from django.db import connection
from django.utils import timezone

_COUNT = """
INSERT INTO channels_ingest_intakecount AS c (account_id, hour, outcome, count)
VALUES (%s, date_trunc('hour', %s), %s, %s)
ON CONFLICT (account_id, hour, outcome) DO UPDATE SET count = c.count + EXCLUDED.count
"""


def add_counts(counts: Mapping[tuple[int, str], int]) -> None:
    """The numbers by (account, outcome) are added to this hour's, in one order, so that no two writers block."""
    if not counts:
        return
    with connection.cursor() as cursor:
        now = timezone.now()
        cursor.executemany(_COUNT, [(account, now, outcome, n) for (account, outcome), n in sorted(counts.items())])
