"""Nothing acknowledged is lost and nothing is doubled, whatever is killed while deliveries come in.

Real processes, real signatures, real SIGKILLs. The checker compares the sender's log of answers with the timeline.
One seed drives everything and is printed on failure: CXHUB_RIG_SEED repeats a run, CXHUB_RIG_DELIVERIES sizes it.
"""

import contextlib
import http.client
import os
import queue
import random
import signal
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

import psycopg

from benchmarks import deliveries, hub

DELIVERIES = int(os.environ.get("CXHUB_RIG_DELIVERIES", "5000"))
SEED = int(os.environ.get("CXHUB_RIG_SEED", str(random.randrange(10**6))))
VICTIMS = ["web", "valkey", "worker", "postgres", "web", "sweeper", "worker", "postgres", "valkey"]
SENDERS = 8
DUPLICATE_SHARE = 0.05


class Provider:
    """Posts every delivery until it is acknowledged, like Meta: anything but 200 is sent again later."""

    def __init__(self, url: str, path: str, todo: "queue.Queue[tuple[str, bytes]]") -> None:
        self.address, self.path, self.todo = urlsplit(url), path, todo
        self.acknowledged: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.lock = threading.Lock()

    def work(self) -> None:
        connection = None
        while True:
            try:
                wamid, body = self.todo.get(timeout=0.5)
            except queue.Empty:
                if connection:
                    connection.close()
                return
            connection, answer = self._post(connection, body)
            with self.lock:
                if answer == "200":
                    self.acknowledged[wamid] += 1
                else:
                    self.refusals[answer] += 1
            if answer != "200":
                self.todo.put((wamid, body))
                time.sleep(0.05)

    def _post(
        self, connection: http.client.HTTPConnection | None, body: bytes
    ) -> tuple[http.client.HTTPConnection | None, str]:
        try:
            if connection is None:
                connection = http.client.HTTPConnection(
                    self.address.hostname or "", self.address.port or 80, timeout=10
                )
            connection.request("POST", self.path, body, deliveries.headers(self.path, body))
            answer = connection.getresponse()
            answer.read()
            return connection, str(answer.status)
        except (OSError, http.client.HTTPException) as error:
            if connection:
                connection.close()
            return None, type(error).__name__


def kill_in_turn(pid: int, provider: Provider, chance: random.Random, killed: list[str]) -> None:
    """Kills one victim after the other, spread evenly over the deliveries however fast the machine is."""
    for number, victim in enumerate(VICTIMS, start=1):
        while sum(provider.acknowledged.values()) < number * DELIVERIES // (len(VICTIMS) + 1):
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        pids = hub.processes(pid).get(victim, [])
        # PostgreSQL loses the postmaster and every backend at once, as when the machine runs out of memory.
        for target in pids if victim == "postgres" else chance.sample(pids, min(1, len(pids))):
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, signal.SIGKILL)
        killed.append(victim)


def unprocessed(database_url: str) -> int:
    try:
        with psycopg.connect(database_url, connect_timeout=5) as database:
            row = database.execute("SELECT count(*) FROM channels_ingest_envelope WHERE state = 'received'").fetchone()
            return int(row[0]) if row else 0
    except psycopg.OperationalError:
        return -1


def test_nothing_acknowledged_is_lost_or_doubled_under_kills() -> None:
    chance = random.Random(SEED)
    todo: queue.Queue[tuple[str, bytes]] = queue.Queue()
    for number in range(DELIVERIES):
        body = deliveries.body("rig", number, chance.randrange(DELIVERIES // 4), 1_760_000_000 + number)
        for _ in range(2 if chance.random() < DUPLICATE_SHARE else 1):
            todo.put((f"wamid.rig.{number}", body))
    with hub.running() as running:
        provider, killed = Provider(running.url, running.connect(), todo), list[str]()
        threads = [threading.Thread(target=provider.work) for _ in range(SENDERS)]
        nemesis = threading.Thread(target=kill_in_turn, args=(running.pid, provider, chance, killed))
        for thread in (*threads, nemesis):
            thread.start()
        for thread in threads:
            thread.join(240)
        nemesis.join(30)
        database_url = running.state()["database_url"]
        last_fault = time.monotonic()
        while (left := unprocessed(database_url)) != 0 and time.monotonic() - last_fault < 60:
            time.sleep(0.2)
        settled_seconds = time.monotonic() - last_fault
        with psycopg.connect(database_url) as database:
            entries = Counter(row[0] for row in database.execute("SELECT provider_message_id FROM timeline_entry"))
            dead = database.execute("SELECT count(*) FROM channels_ingest_envelope WHERE state = 'dead'").fetchone()
            adrift = database.execute(
                "SELECT count(*) FROM profiles_channelidentity c JOIN profiles_profile p ON p.id = c.profile_id"
                " LEFT JOIN timeline_queuerow q ON q.profile_id = p.id WHERE q.profile_id IS NULL"
            ).fetchone()
    story = (
        f"seed {SEED}; killed {killed}; refused {dict(provider.refusals)}; left {left} after {settled_seconds:.1f} s"
    )
    print(story)
    assert killed == VICTIMS, story
    assert not set(provider.acknowledged) - set(entries), (
        f"lost {len(set(provider.acknowledged) - set(entries))}; {story}"
    )
    assert set(entries.values()) == {1}, f"doubled; {story}"
    assert len(entries) == DELIVERIES, story
    assert dead == (0,), story
    assert adrift == (0,), story
    assert settled_seconds < 30, story
