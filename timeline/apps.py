from typing import Any

from django.apps import AppConfig
from django.db import connection
from django.db.models.signals import post_migrate


def forget_future_transactions(**_: Any) -> None:
    """No entry was changed by a transaction that has not been: a restored dump brings such numbers along."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE timeline_entry SET changed_in = 0 WHERE changed_in > pg_current_xact_id()::text::bigint")


class TimelineConfig(AppConfig):
    name = "timeline"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(forget_future_transactions, sender=self)
        # Connects the receivers once models are loaded.
        from timeline import rehoming  # noqa: F401
        from timeline.identity import log  # noqa: F401
