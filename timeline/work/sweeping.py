"""What time, and not a message, changes in the queue: snoozes that run out, targets that were set anew."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from profiles.locking import lock_rows
from timeline.entries import EntryKind
from timeline.live import Happened, publish
from timeline.models import QueueRow
from timeline.queue import refold

#: Customers of one transaction; the rest comes with the next.
AT_ONCE = 500

# Only rows that nobody is folding: who is at one looks at the time, too.
_WAKE = """
UPDATE timeline_queuerow SET snoozed_until = NULL WHERE profile_id IN (
    SELECT profile_id FROM timeline_queuerow WHERE snoozed_until <= %s
    ORDER BY profile_id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
) RETURNING profile_id
"""


def wake_due(now: datetime | None = None) -> int:
    """Customers whose snooze ran out are back in the queue, and open pages know it; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_WAKE, [now or timezone.now(), AT_ONCE])
        woken = sorted(pk for (pk,) in cursor.fetchall())
    publish(Happened(pk, 0, EntryKind.WORK) for pk in woken)
    return len(woken)


def retarget(account_id: int) -> int:
    """Customers who wait and have an address on the line are due by its settings of now; returns how many were not.

    Not within a transaction that holds the account: those who write there wait for it, with their rows locked.
    """
    changed, last = 0, 0
    while ids := _waiting(account_id, last):
        last = ids[-1]
        with transaction.atomic():
            lock_rows("profiles_profile", ids)
            changed += refold(ids)
    return changed


def _waiting(account_id: int, last: int) -> Sequence[int]:
    rows = QueueRow.objects.filter(
        waiting_since__isnull=False, profile__channel_identities__account_id=account_id, profile_id__gt=last
    )
    return list(rows.order_by("profile_id").values_list("profile_id", flat=True).distinct()[:AT_ONCE])
