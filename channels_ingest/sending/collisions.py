"""Two who answer one customer: the second is told, before anything is sent, what the first has written."""

from django.db import connection
from django.utils.translation import gettext as _

from channels_ingest.adapters.reading import CLOCK_DIFFERENCE
from channels_ingest.sending.guards import Closed
from channels_ingest.sending.wishes import AnsweredSinceError, SendRefusedError
from profiles.models import StaffMember
from timeline.entries import Delivery, Direction, EntryKind
from timeline.models import Entry


def check_unanswered(profile_id: int, last_seen: int, author: StaffMember) -> None:
    """Raises AnsweredSinceError. What was told of the past (history) is no answer, and neither is one that failed."""
    seen = Entry.objects.filter(id=last_seen).values_list("occurred_at", flat=True).first()
    if seen is None and last_seen > _last_entry_id():
        raise SendRefusedError(Closed("last_seen_entry", _("No such entry: last_seen_entry names none.")))
    answers = Entry.objects.filter(
        channel_identity__profile_id=profile_id,
        id__gt=last_seen,
        kind=EntryKind.MESSAGE,
        direction=Direction.OUT,
        is_backfilled=False,
    ).exclude(delivery=Delivery.FAILED)
    # Bounds the search, as ids have no index beside the customer; an echo that was seen may go. An answer may be dated
    # before what it answers by as much as two clocks differ.
    if seen is not None:
        answers = answers.filter(occurred_at__gt=seen - CLOCK_DIFFERENCE)
    # `contains` is never unknown; a comparison with a key that is missing is, and would leave echoes out.
    answers = answers.exclude(detail__contains={"by": {"id": author.pk}}).exclude(
        detail__contains={"is_automatic": True}
    )
    newest = answers.order_by("-id").select_related("account", "channel_identity").first()
    if newest is not None:
        raise AnsweredSinceError(newest)


def _last_entry_id() -> int:
    """The newest id that was given to an entry, whether or not the entry is still there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('timeline_entry', 'id')), 0)")
        return int(cursor.fetchone()[0])
