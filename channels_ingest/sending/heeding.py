"""Marketing waits for what was delivered before it: an opt-out that is in the inbox counts already."""

import time

from django.db.models import Max

from channels_ingest.models import Envelope

#: For so long a sender waits for the inbox; then the message is tried later.
PATIENCE_SECONDS = 1.0
_PAUSE_SECONDS = 0.05


def has_heard(account_id: int) -> bool:
    """Whether everything that the line had been delivered when this was called is worked, or nobody works it any more.

    Called between transactions: each look must see what others have committed.
    """
    waiting = Envelope.objects.filter(account_id=account_id, state=Envelope.State.RECEIVED)
    newest = waiting.aggregate(newest=Max("id"))["newest"]
    until = time.monotonic() + PATIENCE_SECONDS
    while newest is not None and waiting.filter(id__lte=newest).exists():
        if time.monotonic() > until:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True
