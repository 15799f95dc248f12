"""What every page of the inbox needs beside its content, in one query."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from profiles.models import StaffMember
from timeline.queue_views import SOON

WAITING_SHOWN_LIMIT = 99

#: How many are in each view of `timeline.queue_views`, each counted no further than what is shown: the partial index
#: of the view is read for a hundred rows at most, however many customers there are.
_COUNTED = {
    "mine": "assignee_id = %(member)s AND resolved_at IS NULL",
    "unassigned": "waiting_since IS NOT NULL AND assignee_id IS NULL",
    "waiting": "waiting_since IS NOT NULL",
    "breaching": "due_at <= now() + make_interval(secs => %(soon)s)",
}
_AWAKE = "(snoozed_until IS NULL OR snoozed_until <= now())"
_COUNTS = ",\n       ".join(
    f"(SELECT count(*) FROM (SELECT FROM timeline_queuerow WHERE {rule} AND {_AWAKE} LIMIT %(limit)s) AS counted)"  # noqa: S608
    for rule in _COUNTED.values()
)
_GLANCE = f"""
SELECT pg_snapshot_xmin(pg_current_snapshot())::text,
       (SELECT waiting_since FROM timeline_queuerow WHERE profile_id = %(profile)s),
       {_COUNTS}
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Glance:
    """`cursor` is where to go on pulling, if taken before the content; `waiting_since` is the open customer's.

    `counts` are by view, up to 99, empty for none.
    """

    cursor: str
    waiting_since: datetime | None
    counts: Mapping[str, str]


def glance(member: StaffMember, profile_id: int | None = None) -> Glance:
    """The cursor of now, how many customers are in the views, and since when the open one waits."""
    with connection.cursor() as cursor:
        cursor.execute(
            _GLANCE,
            {
                "limit": WAITING_SHOWN_LIMIT + 1,
                "profile": profile_id,
                "member": member.pk,
                "soon": SOON.total_seconds(),
            },
        )
        head, since, *counted = cursor.fetchone()
    return Glance(head, since, {view: _shown(count) for view, count in zip(_COUNTED, counted, strict=True)})


def _shown(count: int) -> str:
    return f"{WAITING_SHOWN_LIMIT}+" if count > WAITING_SHOWN_LIMIT else str(count or "")
