"""What the Celery worker does when nudged, and what beat asks for. No task carries work: PostgreSQL is the queue."""

from celery import shared_task
from django.conf import settings
from django.db import connection, transaction

from channels_ingest import envelopes, errands, pipeline
from channels_ingest.media.fetches import fetch_one
from channels_ingest.sending.courier import Courier, courier
from channels_ingest.webchat.forgetting import forget_expired
from channels_ingest.writing import begun_templates, drafts, listing_templates, uploads
from profiles.locking import lock_id

#: Files that one process fetches at one time, in threads of their own: a slow provider holds nobody else up.
MEDIA_THREADS = 2
media_courier = Courier(fetch_one, threads=MEDIA_THREADS)


@shared_task(ignore_result=True)
def process_inbox() -> None:
    """Every due envelope has been worked, and the files they named are being fetched beside."""
    if pipeline.drain().wanted:  # waking it costs more than a message; what waits from before is the sweeper's
        media_courier.wake()


@shared_task(ignore_result=True)
def send_outbox() -> None:
    """Every due message is being sent, by threads of this process: a slow provider does not hold up the inbox."""
    courier.wake()


@shared_task(ignore_result=True)
def prune_raw_bodies() -> None:
    """Raw bodies past their retention are gone. Several hosts may run beat: one of them does the work."""
    pruned = 1
    while pruned:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_id("task", "prune_raw_bodies")])
            pruned = envelopes.prune(settings.RAW_BODY_RETENTION_DAYS) if cursor.fetchone()[0] else 0


@shared_task(ignore_result=True)
def forget_chat_visitors() -> None:
    """Tokens of browsers that will not come back are gone, and visitors who never wrote."""
    forget_expired()


@shared_task(ignore_result=True)
def forget_old_drafts() -> None:
    """Drafts and picked files that nobody touched for a month are gone."""
    drafts.forget_old()
    begun_templates.forget_old()
    uploads.forget_old()


@shared_task(ignore_result=True)
def refresh_templates() -> None:
    """The templates of every line are as its provider has them."""
    listing_templates.refresh_all()


@shared_task(ignore_result=True)
def run_errands() -> None:
    """Errands that are due have been tried."""
    errands.run_due()
