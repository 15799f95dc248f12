"""`/livez`: the process answers. `/readyz`: it can do its work. `/metrics`: how the inbox is doing, for Prometheus."""

from collections.abc import Iterable
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from channels_ingest.models import NOT_STORED, IntakeCount, MediaFetch

#: One question per state, because each then reads one partial index (`envelope_due`, `envelope_odd`) and nothing of the
#: envelopes long done: asked together they cost a scan of the whole inbox, 120 ms at 400,000 rows (measured).
BACKLOG = """
SELECT coalesce(extract(epoch FROM now() - due.oldest), 0), due.count,
       (SELECT count(*) FROM channels_ingest_envelope WHERE state = 'dead'),
       (SELECT count(*) FROM channels_ingest_envelope WHERE state = 'not_understood')
FROM (SELECT min(received_at) AS oldest, count(*) FROM channels_ingest_envelope WHERE state = 'received') due
"""
#: Likewise by `outbox_due` and `outbox_odd`.
UNSENT = """
SELECT coalesce(extract(epoch FROM statement_timestamp() - due.oldest), 0), due.count,
       (SELECT count(*) FROM channels_ingest_outboxmessage WHERE state = 'unknown'),
       (SELECT count(*) FROM channels_ingest_outboxmessage WHERE state = 'failed')
FROM (SELECT min(created_at) AS oldest, count(*) FROM channels_ingest_outboxmessage WHERE state = 'queued') due
"""


@login_not_required
def livez(_request: HttpRequest) -> HttpResponse:
    """200 while the process answers; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 while PostgreSQL answers. A dead Valkey or a backlog is told but not red: the hub is slower, not wrong."""
    report: dict[str, Any] = {"database": "ok", "valkey": "ok"}
    try:
        age, waiting, dead, odd = backlog()
        report |= {
            "oldest_unprocessed_seconds": round(age, 3),
            "unprocessed": waiting,
            "dead_letters": dead,
            "not_understood": odd,
            "oldest_unsent_seconds": round(unsent()[0], 3),
            "files_without_room": files_without_room(),
        }
    except DatabaseError as error:
        connection.close()
        report["database"] = type(error).__name__
    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, retry=None).ping()
    except (redis.RedisError, OSError) as error:
        report["valkey"] = type(error).__name__
    is_ready = report["database"] == "ok"
    return JsonResponse({"status": "ready" if is_ready else "not ready", **report}, status=200 if is_ready else 503)


def backlog() -> tuple[float, int, int, int]:
    """Age of the oldest unprocessed envelope in seconds; unprocessed, dead and not understood envelopes."""
    with connection.cursor() as cursor:
        cursor.execute(BACKLOG)
        age, waiting, dead, odd = cursor.fetchone()
    return float(age), waiting, dead, odd


def unsent() -> tuple[float, int, int, int]:
    """Age of the oldest message that waits to be sent in seconds; queued, unknown and failed messages."""
    with connection.cursor() as cursor:
        cursor.execute(UNSENT)
        age, queued, unknown, failed = cursor.fetchone()
    return float(age), queued, unknown, failed


def files_without_room() -> int:
    """Files of messages that the file storage has not taken: it is full, or away. They are tried again."""
    return MediaFetch.objects.filter(state=MediaFetch.State.WANTED, fault__startswith=NOT_STORED).count()


class InboxCollector:
    """Figures of the whole hub, read from PostgreSQL, so that every process and host reports the same."""

    def collect(self) -> Iterable[Metric]:
        age, waiting, dead, odd = backlog()
        yield _gauge("cxhub_inbox_oldest_unprocessed_seconds", "Age of the oldest envelope not yet worked.", age)
        yield _gauge("cxhub_inbox_unprocessed", "Envelopes not yet worked.", waiting)
        yield _gauge("cxhub_inbox_dead_letters", "Envelopes given up after five attempts.", dead)
        yield _gauge("cxhub_inbox_not_understood", "Envelopes waiting to be replayed after an upgrade.", odd)
        unsent_age, queued, unknown, failed = unsent()
        yield _gauge("cxhub_outbox_oldest_queued_seconds", "Age of the oldest message not yet sent.", unsent_age)
        yield _gauge("cxhub_outbox_queued", "Messages not yet sent.", queued)
        yield _gauge("cxhub_outbox_unknown", "Messages that may have been sent: nobody knows.", unknown)
        yield _gauge("cxhub_outbox_failed", "Messages that the provider refused.", failed)
        wanted = MediaFetch.objects.filter(state=MediaFetch.State.WANTED).count()
        yield _gauge("cxhub_media_wanted", "Files of messages not yet fetched.", wanted)
        yield _gauge("cxhub_media_without_room", "Files that the storage has not taken.", files_without_room())
        yield from self._by_account()

    @staticmethod
    def _by_account() -> Iterable[Metric]:
        named = {"refused": "refused_signatures", "duplicate": "duplicates"}
        names = {outcome: named.get(outcome, outcome) for outcome in IntakeCount.Outcome.values}
        families = {
            outcome: CounterMetricFamily(f"cxhub_intake_{name}", f"Deliveries: {name}.", labels=["account"])
            for outcome, name in names.items()
        }
        with connection.cursor() as cursor:
            cursor.execute(
                # The key is part of the webhook URL, so only its beginning is told.
                "SELECT left(a.key, 6), c.outcome, sum(c.count) FROM channels_ingest_intakecount c"
                " JOIN profiles_channelaccount a ON a.id = c.account_id GROUP BY 1, 2"
            )
            for beginning, outcome, count in cursor.fetchall():
                families[outcome].add_metric([beginning], float(count))
        yield from families.values()


def _gauge(name: str, meaning: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, meaning)
    family.add_metric([], float(value))
    return family


@login_not_required
def metrics(_request: HttpRequest) -> HttpResponse:
    """The exposition format; 503 while PostgreSQL is away."""
    registry = CollectorRegistry(auto_describe=False)
    try:
        registry.register(InboxCollector())
        body = generate_latest(registry)
    except DatabaseError:
        connection.close()
        return HttpResponse(status=503)
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)
