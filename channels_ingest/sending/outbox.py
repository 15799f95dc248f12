"""The outbox as a queue in PostgreSQL: what is due is handed out once, and what nobody finished is found again."""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_ingest.sending.models import OutboxMessage
from timeline.entries import Delivery
from timeline.outgoing import settle

#: Seconds until the next attempt, by number of attempts; what was tried once more than that has failed.
RETRY_SECONDS = (2, 5, 15, 60, 300, 900)
#: A claim without an outcome after this long belongs to somebody who died. Far more than a post may take.
LEASE_SECONDS = 90.0
#: Messages of one line that are being posted at one time: a slow provider leaves hands for the others. What has been on
#: its way for longer than a post may take is nobody's any more, and holds no other up.
MOST_AT_ONCE, POST_SECONDS = 3, 25.0

# A message waits for the earlier ones to the same address, so that a customer reads them in the order of writing.
_CLAIM = """
WITH due AS (
    SELECT id FROM channels_ingest_outboxmessage q
    WHERE state = 'queued' AND next_attempt_at <= statement_timestamp() - make_interval(secs => %(due_for)s)
        AND NOT EXISTS (
            SELECT FROM channels_ingest_outboxmessage earlier
            WHERE earlier.channel_identity_id = q.channel_identity_id AND earlier.id < q.id
                AND earlier.state IN ('queued', 'sending'))
        AND (SELECT count(*) FROM channels_ingest_outboxmessage s
             WHERE s.state = 'sending' AND s.account_id = q.account_id
                AND s.claimed_at > statement_timestamp() - make_interval(secs => %(post)s)) < %(most)s
    ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE channels_ingest_outboxmessage o
SET state = 'sending', attempts = attempts + 1, claimed_at = statement_timestamp()
FROM due WHERE o.id = due.id RETURNING o.id
"""


def claim(*, due_for_seconds: float = 0) -> OutboxMessage | None:
    """One due message, now `sending` and committed as such; nobody else gets it."""
    parameters: dict[str, Any] = {"due_for": due_for_seconds, "most": MOST_AT_ONCE, "post": POST_SECONDS}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, parameters)
        row = cursor.fetchone()
    if row is None:
        return None
    return OutboxMessage.objects.select_related("account", "channel_identity__account", "entry").get(id=row[0])


def due_in() -> float | None:
    """Seconds until the next message that waits is due, at least 0; None if none waits."""
    waiting = OutboxMessage.objects.filter(state=OutboxMessage.State.QUEUED, next_attempt_at__gt=Now())
    next_at = waiting.order_by("next_attempt_at", "id").values_list("next_attempt_at", flat=True).first()
    return max(0.0, (next_at - timezone.now()).total_seconds()) if next_at else None


def give_up_on_lost() -> int:
    """Messages whose sender died are `unknown`: they may have been sent, and nobody sends them again by itself."""
    lost = OutboxMessage.objects.filter(
        state=OutboxMessage.State.SENDING, claimed_at__lte=timezone.now() - timedelta(seconds=LEASE_SECONDS)
    )
    count = 0
    for pk in list(lost.order_by("id").values_list("id", flat=True)[:100]):
        with transaction.atomic():
            row = lost.select_for_update(skip_locked=True).filter(id=pk).first()
            if row is not None:
                count += 1
                doubt = _("the hub was interrupted while sending it")
                row.state, row.fault, row.settled_at = OutboxMessage.State.UNKNOWN, doubt, timezone.now()
                row.save(update_fields=["state", "fault", "settled_at"])
                settle(row.entry_id, delivery=Delivery.UNKNOWN, detail={"doubt": doubt}, without=("delay",))
    return count


def is_idle() -> bool:
    """Whether nothing waits or is on its way."""
    states = [OutboxMessage.State.QUEUED, OutboxMessage.State.SENDING]
    return not OutboxMessage.objects.filter(state__in=states).exists()
