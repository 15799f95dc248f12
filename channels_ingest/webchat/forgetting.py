"""What the chat need not remember."""

from datetime import timedelta

from django.utils import timezone

from channels_ingest.webchat.models import ChatVisitor, ChatVisitorToken
from channels_ingest.webchat.uploads import forget_old

#: A browser that opened the chat and never wrote is forgotten after this.
SILENT_LIFE = timedelta(days=30)


def forget_expired() -> int:
    """Tokens that no browser can use any more are gone, old uploads, and visitors who never wrote; returns how many."""
    now = timezone.now()
    gone = ChatVisitorToken.objects.filter(expires_at__lt=now).delete()[0]
    silent = ChatVisitor.objects.filter(has_written=False, customer_id="", last_seen_at__lt=now - SILENT_LIFE)
    return gone + silent.delete()[0] + forget_old()
