"""What the Celery worker does when nudged, and what beat asks for. No task carries work: PostgreSQL is the queue."""

from celery import shared_task
from django.conf import settings

from channels_ingest import envelopes, pipeline


@shared_task(ignore_result=True)
def process_inbox() -> None:
    """Every due envelope has been worked."""
    pipeline.drain()


@shared_task(ignore_result=True)
def prune_raw_bodies() -> None:
    """Raw bodies past their retention are gone."""
    while envelopes.prune(settings.RAW_BODY_RETENTION_DAYS):
        pass
