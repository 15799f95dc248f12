"""`bench search`: customers and entries among so many of them, by everything an agent may write."""

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from benchmarks import scratch

#: Entries of one customer, on average.
ENTRIES_EACH = 5
ROUNDS = 200
_VOCABULARY = 40_000
_WORDS = 9
_SYLLABLES = (
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "tu",
    "va",
    "we",
    "xi",
)


def run(count: int) -> None:
    """Prints the time of each kind of search, through the functions that the API and the page call."""
    with scratch.database("cxhub_bench_search") as environ:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.search", str(count)],
            env={**environ, "DJANGO_SETTINGS_MODULE": "cxhub.settings"}, cwd=scratch.PROJECT, check=True,
        )  # fmt: skip


def _vocabulary(chance: random.Random) -> list[str]:
    words: dict[str, None] = {}
    while len(words) < _VOCABULARY:
        words["".join(chance.choices(_SYLLABLES, k=chance.randrange(1, 5)))] = None
    return list(words)


def _texts(chance: random.Random, words: list[str], count: int) -> Iterator[str]:
    """Messages whose words are as frequent as in a language: the second half as often as the first, and so on."""
    weights = list(accumulate(1 / (rank + 2) for rank in range(len(words))))
    for _ in range(count):
        yield " ".join(chance.choices(words, cum_weights=weights, k=chance.randrange(2, 2 * _WORDS)))


def _fill(chance: random.Random, count: int) -> list[str]:
    from django.db import connection

    from benchmarks.alike import _distinct, _people, _store
    from profiles.models import ChannelAccount

    ChannelAccount.objects.create(id=900, provider="bench", channel="sms", name="Bench")
    customers = max(1, count // ENTRIES_EACH)
    people, used = _people(chance), set[str]()
    for first in range(1, customers + 1, 10_000):
        _store(_distinct(people, used, min(10_000, customers + 1 - first)), first)
    words = _vocabulary(chance)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    with connection.cursor() as cursor:
        columns = "channel_identity_id, account_id, kind, direction, occurred_at, recorded_at, text, detail,"
        columns += " is_placeholder, is_backfilled, sightings"
        with cursor.copy(f"COPY timeline_entry ({columns}) FROM STDIN") as copy:
            for number, text in enumerate(_texts(chance, words, count)):
                at = start + timedelta(seconds=number * 60)
                copy.write_row(
                    (chance.randrange(customers) + 1, 900, "message", "in", at, at, text, "{}", False, False, "{}")
                )
        cursor.execute("ANALYZE")
    return words


def _index(count: int) -> None:
    from django.db import connection

    from timeline.search import index as search_index

    started = time.monotonic()
    while search_index.catch_up(seconds=60):
        pass
    seconds = time.monotonic() - started
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE timeline_entrywords, profiles_trait")
        cursor.execute(
            "SELECT pg_total_relation_size('timeline_entrywords') / 1e6, pg_total_relation_size('timeline_entry') / 1e6"
        )
        words, entries = cursor.fetchone()
    print(f"{count:,} entries and their customers' names made searchable in {seconds:.0f} s ({count / seconds:.0f}/s)")
    print(f"{words:.0f} MB of words with their indexes, beside {entries:.0f} MB of entries")


def _time(label: str, search: Callable[[str], str], asked: Callable[[], str]) -> None:
    times, last = [], ""
    questions = [asked() for _ in range(ROUNDS)]
    work = _cpu_seconds()
    for question in questions:
        started = time.perf_counter()
        last = search(question)
        times.append((time.perf_counter() - started) * 1_000)
    work = (_cpu_seconds() - work) / ROUNDS * 1_000
    cuts = statistics.quantiles(times, n=100)
    print(
        f"{label:<44} p50 {statistics.median(times):6.1f} ms   p95 {cuts[94]:6.1f} ms   p99 {cuts[98]:6.1f} ms"
        f"   CPU {work:5.1f} ms   {last}"
    )


def _cpu_seconds() -> float:
    """What this process and its PostgreSQL backend have worked: the same however busy the machine is."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    with open(f"/proc/{backend}/stat") as file:
        user, system = file.read().rpartition(")")[2].split()[11:13]
    return time.process_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _agent() -> Any:
    """A browser in which an agent is logged in."""
    from django.conf import settings
    from django.test import Client

    from profiles.models import StaffMember

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    agent = Client()
    agent.force_login(StaffMember.objects.create_staff("agent@example.com"))
    return agent


def _inside(count: int) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxhub.settings")
    django.setup()
    from profiles.models import Identifier, Profile
    from profiles.searching import find_customers
    from timeline.search.finding import search_entries

    chance = random.Random(1)
    words = _fill(chance, count)
    _index(count)
    customers = Profile.objects.count()

    def identifier(kind: str) -> str:
        pk = 2 * (chance.randrange(customers) + 1) + (kind == "email")
        return Identifier.objects.get(pk=pk).value

    def name() -> str:
        return Profile.objects.get(pk=chance.randrange(customers) + 1).display_name

    def slip(text: str) -> str:
        at = chance.randrange(1, len(text) - 1)
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]

    def word(first: int, last: int) -> str:
        return words[chance.randrange(first, min(last, len(words)))]

    def people(asked: str) -> str:
        return f"{len(find_customers(asked))} customers"

    def entries(asked: str) -> str:
        found = search_entries(asked)
        return f"{len(found.entries)} entries" + (" of a stretch" if found.searched_back_to else "")

    def both(asked: str) -> str:
        return f"{people(asked)}, {entries(asked)}"

    def palette(asked: str) -> str:
        answer = agent.get("/palette/", {"q": asked}, headers={"HX-Request": "true"})
        return f"status {answer.status_code}, {len(answer.content)} bytes"

    agent = _agent()
    _time("palette: nothing typed", palette, lambda: "")
    _time("palette: the beginning of a name", palette, lambda: name()[:4])
    _time("palette: a name", palette, name)
    _time("palette: phone number, last six digits", palette, lambda: identifier("phone")[-6:])
    _time("palette: a usual word", palette, lambda: word(500, 2_000))
    _time("palette: a place", palette, lambda: "wait")
    _time("phone number, in full", both, lambda: identifier("phone"))
    _time("phone number, last six digits", both, lambda: identifier("phone")[-6:])
    _time("e-mail address, in full", both, lambda: identifier("email"))
    _time("e-mail address, its beginning", both, lambda: identifier("email")[:7])
    _time("name", both, name)
    _time("name with two letters swapped", both, lambda: slip(name()))
    _time("first name alone", both, lambda: name().split()[0])
    _time("rare word (in some 20 entries of a million)", both, lambda: word(30_000, 40_000) + " ")
    _time("beginning of a rare word", both, lambda: word(30_000, 40_000)[:-1])
    _time("two usual words", both, lambda: f"{word(500, 2_000)} {word(500, 2_000)} ")
    _time("two common words side by side", both, lambda: f'"{word(5, 100)} {word(5, 100)}"')
    _time("common word (in every hundredth)", both, lambda: word(50, 150) + " ")
    _time("the most common words", both, lambda: word(0, 5) + " ")
    _time("two letters", both, lambda: chance.choice(_SYLLABLES)[:2])


if __name__ == "__main__":
    _inside(int(sys.argv[1]))
