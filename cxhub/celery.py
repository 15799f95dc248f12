"""The Celery app: the muscle behind the inbox. Redis or Valkey may lose every task; nothing is lost with them."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxhub.settings")

app = Celery("cxhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["channels_ingest"])


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Celery leaves the logging to Django's settings, so that every process logs alike."""
    import logging.config

    logging.config.dictConfig(settings.LOGGING)
