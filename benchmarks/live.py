"""`bench live`: from the webhook POST to the event in an open page, at 50 webhooks a second; memory of an idle hub."""

import http.client
import threading
import time
from urllib.parse import urlsplit

import psycopg

from benchmarks import deliveries, hub
from benchmarks.load import percentile

PER_SECOND = 50


def run(count: int) -> None:
    """Prints latency and memory."""
    with hub.running() as running:
        path, client = running.connect(), running.log_in()
        time.sleep(5)
        idle = hub.memory_by_process(running.pid)
        seen: dict[int, float] = {}
        listener = threading.Thread(target=_listen, args=(running, client, seen), daemon=True)
        listener.start()
        time.sleep(2)
        sent = _send(running, path, count)
        time.sleep(3)
        with psycopg.connect(running.state()["database_url"]) as database:
            rows = database.execute("SELECT provider_message_id, id FROM timeline_entry").fetchall()
    entries = {str(message): int(entry) for message, entry in rows}
    delays = [seen[entries[m]] - at for m, at in sent.items() if m in entries and entries[m] in seen]
    p50, p95, p99 = (percentile(delays, share) * 1000 for share in (0.5, 0.95, 0.99))
    print(f"{len(delays)} of {count} events seen; POST to event: p50 {p50:.0f} ms  p95 {p95:.0f} ms  p99 {p99:.0f} ms")
    print("memory of the idle hub (PSS):")
    for name, size in sorted(idle.items(), key=lambda item: -item[1]):
        print(f"  {name:<12}{size / 2**20:7.0f} MB")
    print(f"  {'in all':<12}{sum(idle.values()) / 2**20:7.0f} MB")


def _listen(running: hub.Hub, client: object, seen: dict[int, float]) -> None:
    for at, data in hub.events(running, client):  # type: ignore[arg-type]
        if "e" in data:
            seen.setdefault(int(str(data["e"])), at)


def _send(running: hub.Hub, path: str, count: int) -> dict[str, float]:
    """Posts on one kept connection at a steady rate; returns when each message was sent, by its id."""
    address = urlsplit(running.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 80)
    sent, started = {}, time.perf_counter()
    for number in range(count):
        body = deliveries.body("live", number, number % 40, int(time.time()))
        time.sleep(max(0.0, started + number / PER_SECOND - time.perf_counter()))
        sent[f"wamid.live.{number}"] = time.perf_counter()
        connection.request("POST", path, body, deliveries.headers(path, body))
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
    return sent
