"""`bench alike`: looking for duplicates of one new customer among many, and of a whole import.

`python -m benchmarks.alike judge FILE.csv` prints the precision and recall of the rules on people with known truth
(columns first_name, surname, dob, city, email and cluster, as in fake_1000 of moj-analytical-services/splink_datasets).
"""

import csv
import os
import random
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from benchmarks import scratch

ARRIVALS = 400
IMPORTED = 4_000
_PROVIDERS = ("gmail.com", "hotmail.com", "web.de", "gmx.de", "uol.com.br", "posteo.de", "icloud.com", "yahoo.com")
_SLIPS = {"gmail.com": "gmial.com", "hotmail.com": "hotmial.com", "web.de": "wep.de", "gmx.de": "gxm.de"}

Person = tuple[str, str, str]  # name, phone, e-mail


def run(count: int) -> None:
    """Prints the time that one new customer among `count` takes, and the rate of an import."""
    with scratch.database("cxhub_bench_alike") as environ:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.alike", "arrive", str(count)],
            env={**environ, "DJANGO_SETTINGS_MODULE": "cxhub.settings"}, cwd=scratch.PROJECT, check=True,
        )  # fmt: skip


def _people(chance: random.Random) -> Iterator[Person]:
    """Customers of three countries, with the names that are frequent there."""
    from faker import Faker

    fakers = [Faker(locale) for locale in ("pt_BR", "de_DE", "en_US")]
    for number, fake in enumerate(fakers):
        fake.seed_instance(number)
    while True:
        place = chance.randrange(3)
        first, last = fakers[place].first_name(), fakers[place].last_name()
        phone = ("+55119{:08}", "+4917{:09}", "+1415{:07}")[place].format(chance.randrange(10**7, 10**8) // 10**place)
        mark = ("", ".", "_")[chance.randrange(3)]
        digits = chance.choice(("", "", str(chance.randrange(100)), str(chance.randrange(1950, 2010))))
        local = f"{first}{mark}{last}{digits}".lower().replace(" ", "")
        local = local.encode("ascii", "ignore").decode().replace("'", "")
        yield f"{first} {last}", phone, f"{local}@{chance.choice(_PROVIDERS)}"


def _mistaken(chance: random.Random, person: Person) -> Person:
    """The same customer, who mistyped the number or the mailbox, or has another one."""
    name, phone, email = person
    local, _, domain = email.partition("@")
    other = chance.choice((f"{local}@{_SLIPS.get(domain, 'gmail.com')}", f"{local}+shop@{domain}"))
    at = chance.randrange(len(phone) - 6, len(phone))
    return name, f"{phone[:at]}{(int(phone[at]) + 1) % 10}{phone[at + 1 :]}", other


def _store(people: list[Person], first: int) -> None:
    from django.db import connection, transaction

    ids = range(first, first + len(people))
    with transaction.atomic(), connection.cursor() as cursor:
        for table, columns, rows in (
            ("profile", "id, display_name, created_at", ((n, p[0], "now") for n, p in zip(ids, people, strict=True))),
            (
                "channelidentity",
                "id, account_id, address, standing, epoch_start, profile_id, reply_refusal, created_at",
                ((n, 900, f"bench-{n}", "proved", "1970-01-01Z", n, "", "now") for n in ids),
            ),
            (
                "identifier",
                "id, kind, scope, value, join_key, status, shared_epochs",
                (
                    (2 * n + is_email, ("phone", "email")[is_email], "", f"{value}", value, "normal", "{}")
                    for n, p in zip(ids, people, strict=True)
                    for is_email, value in enumerate(p[1:])
                ),
            ),
            (
                "sighting",
                "identifier_id, channel_identity_id, grade, source, occurred_at, recorded_at",
                (
                    (2 * n + is_email, n, ("proved", "claimed")[is_email], "m", "2026-01-01Z", "now")
                    for n in ids
                    for is_email in (0, 1)
                ),
            ),
            (
                "trait",
                "channel_identity_id, name, value, source, grade, first_seen, last_seen",
                ((n, "name", p[0], "bench", "claimed", "2026-01-01Z", "now") for n, p in zip(ids, people, strict=True)),
            ),
        ):
            with cursor.copy(f"COPY profiles_{table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)


def _distinct(people: Iterator[Person], used: set[str], count: int) -> list[Person]:
    """The next so many people without a used address, which would make them one customer with somebody."""
    found: list[Person] = []
    while len(found) < count:
        person = next(people)
        if used.isdisjoint(person[1:]):
            used.update(person[1:])
            found.append(person)
    return found


def _arrive(count: int) -> None:
    """Fills the database and times what happens behind each of the arrivals, one after the other."""
    from django.db import connection

    from profiles import likeness
    from profiles.models import ChannelAccount, LikenessCursor, LikenessKey, Review, Sighting, Trait

    chance = random.Random(1)
    used: set[str] = set()
    fresh = _people(chance)
    known = _distinct(fresh, used, count)
    doubles = _distinct((_mistaken(chance, person) for person in chance.sample(known, len(known))), used, ARRIVALS // 2)
    new = [person for pair in zip(doubles, _distinct(fresh, used, ARRIVALS // 2), strict=True) for person in pair]
    imported = _distinct(fresh, used, IMPORTED)
    ChannelAccount.objects.create(id=900, provider="bench", channel="sms", name="Bench")
    _store(known, 1)
    started = time.monotonic()
    for at in range(1, count + 1, 1_000):
        likeness._store_keys(range(at, min(at + 1_000, count + 1)))
    print(f"{LikenessKey.objects.count():,} keys of {count:,} profiles in {time.monotonic() - started:.0f} s")
    last = Sighting.objects.latest("id").pk, Trait.objects.latest("id").pk
    LikenessCursor.objects.create(
        sightings_done=last[0], sightings_head=last[0], traits_done=last[1], traits_head=last[1]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SELECT pg_total_relation_size('profiles_likenesskey') / 1e6")
        print(f"{cursor.fetchone()[0]:.0f} MB of keys with their index")
    times = []
    for number, person in enumerate(new):
        _store([person], count + 1 + number)
        started = time.perf_counter()
        likeness.step()
        times.append((time.perf_counter() - started) * 1_000)
    found = set(Review.objects.filter(other_id__gt=count).values_list("other_id", flat=True))
    twice = sum(number % 2 for number in found)  # the doubles have odd numbers, `count` being even
    cuts = statistics.quantiles(times, n=100)
    print(
        f"one new profile among {count:,}: p50 {statistics.median(times):.1f} ms, p95 {cuts[94]:.1f} ms,"
        f" p99 {cuts[98]:.1f} ms"
    )
    print(
        f"{ARRIVALS // 2} who mistyped themselves: {twice} have a review; {ARRIVALS // 2} others: {len(found) - twice}"
    )
    _store(imported, count + ARRIVALS + 1)
    started = time.monotonic()
    steps = likeness.catch_up(seconds=600)
    seconds = time.monotonic() - started
    print(f"an import: {IMPORTED / seconds:.0f} profiles/s, {seconds / steps * 1_000:.0f} ms a step")


def judge(path: str) -> None:
    """Prints precision and recall of the rules on labelled people, each taken for a profile that claims what it says.

    Birth dates are compared once and left out once: few channels tell them.
    """
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    truth = {pair for pair in combinations(range(len(rows)), 2) if rows[pair[0]]["cluster"] == rows[pair[1]]["cluster"]}
    for has_birth_dates in (True, False):
        raised, candidates = _raised(rows, has_birth_dates)
        right = len(raised & truth)
        print(
            f"{'with' if has_birth_dates else 'without'} birth dates: {len(raised):,} pairs of {candidates:,}"
            f" candidates, precision {right / len(raised):.3f}, recall {right / len(truth):.3f}"
        )
        for one, other in sorted(raised - truth)[:5]:
            print("   wrong:", *(list(rows[n].values())[1:6] for n in (one, other)))


def _raised(rows: list[dict[str, str]], has_birth_dates: bool) -> tuple[set[tuple[int, int]], int]:
    from profiles.identity.alike import Held, Named, Shown, compare, keys_of, looks_of

    looks = []
    for row in rows:
        name = " ".join(filter(None, (row["first_name"], row["surname"])))
        looks.append(
            looks_of(
                Shown(
                    names=(Named(name),) if name else (),
                    identifiers=(Held("email", row["email"], is_claim=True),) if row["email"] else (),
                    birth_dates=(row["dob"],) if row["dob"] and has_birth_dates else (),
                )
            )
        )
    holders = defaultdict(list)
    for number, each in enumerate(looks):
        for key in keys_of(each):
            holders[key].append(number)
    candidates = {pair for held in holders.values() if len(held) <= 50 for pair in combinations(held, 2)}
    return {pair for pair in candidates if compare(looks[pair[0]], looks[pair[1]])}, len(candidates)


if __name__ == "__main__":
    if sys.argv[1] == "judge":
        judge(sys.argv[2])
    else:
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxhub.settings")
        django.setup()
        _arrive(int(sys.argv[2]))
