"""What a reader has seen, as PostgreSQL tells it: a snapshot names the transactions whose writes are in it.

The next read gives what any other transaction wrote (`Entry.changed_in`): nothing is missed however late it commits,
and nothing comes twice, not even while some transaction stays open for an hour.
"""

import re

from profiles.ids import BIGGEST_ID

LONGEST_SNAPSHOT = 4_000
_SNAPSHOT = re.compile(r"([0-9]{1,19}):([0-9]{1,19}):((?:[0-9]{1,19}(?:,[0-9]{1,19})*)?)", re.ASCII)


class CursorError(ValueError):
    """A cursor that this hub did not make."""


#: An SQL expression: the snapshot of its statement, as text. What the reader itself is writing counts as unseen.
SEEN = """(
    SELECT pg_snapshot_xmin(s) || ':' || pg_snapshot_xmax(s) || ':' || coalesce((
        SELECT string_agg(x::text, ',' ORDER BY x) FROM (
            SELECT pg_snapshot_xip(s) UNION
            SELECT own FROM (SELECT pg_current_xact_id_if_assigned()) m(own) WHERE own < pg_snapshot_xmax(s)
        ) r(x)
    ), '') FROM pg_current_snapshot() s
)"""


def unseen(column: str, parameter: str) -> str:
    """An SQL condition: a transaction that the snapshot in the parameter does not hold wrote the row last."""
    return (
        f"{column} >= pg_snapshot_xmin({parameter}::pg_snapshot)::text::bigint"
        f" AND NOT pg_visible_in_snapshot({column}::text::xid8, {parameter}::pg_snapshot)"
    )


def check_snapshot(text: str) -> str:
    """The text, if PostgreSQL can read it as a snapshot. Raises CursorError."""
    match = _SNAPSHOT.fullmatch(text) if len(text) <= LONGEST_SNAPSHOT else None
    if match is None:
        raise CursorError("expected the cursor of an earlier answer")
    least, most = int(match[1]), int(match[2])
    running = [int(number) for number in match[3].split(",") if number]
    if not 0 < least <= most <= BIGGEST_ID or running != sorted(set(running)):
        raise CursorError("expected the cursor of an earlier answer")
    if any(not least <= number < most for number in running):
        raise CursorError("expected the cursor of an earlier answer")
    return text


def oldest_open(snapshot: str) -> int:
    """The oldest transaction that was open: everything below it is in the snapshot. Raises CursorError."""
    return int(check_snapshot(snapshot).partition(":")[0])


def xmax_of(snapshot: str) -> int:
    """The first transaction that had not ended by then, and none after it had."""
    return int(snapshot.split(":")[1])
