"""`bench brief`: the brief and the side panel of one customer with so many entries."""

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import scratch
from benchmarks.search import _agent, _cpu_seconds

ROUNDS = 200
#: As customers and colleagues write; every line that a rule looks for is among them.
_SAID = (
    ("in", "Hello, where is my order 1042? It was promised for Monday and nothing came."),
    ("out", "Thank you for writing. We will send a new one by Friday, 27 November."),
    ("in", "Guten Tag, wann kommt mein Paket denn an? Ich warte seit drei Wochen."),
    ("out", "Es tut uns leid. Ihr Paket kommt am Montag."),
    ("in", "THIS IS UNACCEPTABLE!!! PLEASE CALL ME BACK"),
    ("in", "¿Dónde está mi pedido? Me puede enviar la factura por favor"),
    ("out", "Le enviaremos la factura mañana."),
    ("in", "Thanks. " + "The jacket fits, the trousers are a little long, and the zip is stiff. " * 6),
)


def run(count: int) -> None:
    """Prints the time of the brief alone and of each fragment of the panel, as a logged-in agent asks for them."""
    with scratch.database("cxhub_bench_brief") as environ:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.brief", str(count)],
            env={**environ, "DJANGO_SETTINGS_MODULE": "cxhub.settings"}, cwd=scratch.PROJECT, check=True,
        )  # fmt: skip


def _fill(count: int) -> None:
    from django.db import connection

    from profiles.models import ChannelAccount, ChannelIdentity, Profile
    from timeline.queue import refold

    chance = random.Random(1)
    Profile.objects.create(id=1, display_name="Mira Lind")
    for number, channel in enumerate(("whatsapp", "sms", "email", "chat", "store"), start=1):
        account = ChannelAccount.objects.create(id=900 + number, provider="bench", channel=channel, name=channel)
        ChannelIdentity.objects.create(
            id=number, account=account, address=f"{number}", profile_id=1, reply_refusal="store" * (number == 5)
        )
    start = datetime.now(UTC) - timedelta(minutes=count)
    columns = "channel_identity_id, account_id, kind, direction, occurred_at, recorded_at, text, detail,"
    columns += " is_placeholder, is_backfilled, sightings"
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY timeline_entry ({columns}) FROM STDIN") as copy:
            for number in range(count):
                at = start + timedelta(minutes=number)
                sender = chance.randrange(1, 6)
                direction, text = chance.choice(_SAID)
                text = f"{text} ({number})"  # no two alike, as in life
                kind, detail = "message", '{"type": "text"}'
                if sender == 5:
                    kind, direction, text = chance.choice(("order", "page_view", "page_view")), "none", ""
                    detail = f'{{"number": "{number // 7}", "state": "failed", "url": "https://s.example/{number}"}}'
                copy.write_row((sender, 900 + sender, kind, direction, at, at, text, detail, False, False, "{}"))
        cursor.execute("ANALYZE")
    refold([1])


def _time(label: str, ask: Callable[[], Any]) -> None:
    for _ in range(5):
        last = ask()
    times, work = [], _cpu_seconds()
    for _ in range(ROUNDS):
        started = time.perf_counter()
        last = ask()
        times.append((time.perf_counter() - started) * 1_000)
    work = (_cpu_seconds() - work) / ROUNDS * 1_000
    cuts = statistics.quantiles(times, n=100)
    middle = statistics.median(times)
    print(f"{label:<34} p50 {middle:6.1f} ms   p95 {cuts[94]:6.1f} ms   CPU {work:5.1f} ms   {last}")


def _inside(count: int) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxhub.settings")
    django.setup()
    from timeline.brief.reading import brief_of, newest

    _fill(count)
    agent = _agent()

    def page(path: str) -> Callable[[], str]:
        def ask() -> str:
            answer = agent.get(path, headers={"HX-Request": "true"})
            return f"status {answer.status_code}, {len(answer.content)} bytes"

        return ask

    print(f"one customer with {count:,} entries on five channels")
    _time("reading the newest 500", lambda: f"{len(newest(1))} entries")
    _time("the brief", lambda: f"{len(brief_of(1, since=None, reader=1).lines)} lines")
    _time("GET the panel's parts", page("/customers/1/side/"))
    _time("GET where they can be reached", page("/customers/1/reach/"))
    _time("GET the customer, page and queue", page("/inbox/all/1/"))


if __name__ == "__main__":
    _inside(int(sys.argv[1]))
