"""The Celery app as the supervisor starts it (`--app cxhub.running.celery_process`): it announces when it is ready."""

import warnings
from typing import Any

from celery.signals import beat_init, worker_ready

from cxhub.celery import app
from cxhub.running.readiness import announce_ready
from cxhub.running.settled import settle

__all__ = ["app"]

# It warns about root and pickle. The hub accepts JSON only (settings), and says elsewhere what root means.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")


@worker_ready.connect
@beat_init.connect
def _announce(**_: Any) -> None:
    settle()
    announce_ready()
