"""`bench queue`: each view of the queue among so many customers, as the page and the API read it."""

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks import scratch
from benchmarks.search import _cpu_seconds

ROUNDS = 25
#: Pages gone through behind the first, to see that a page in the depth costs the same.
DEPTH = 40

#: Customers of a busy shop: two of three long resolved, a tenth wait, half of those with somebody, few put off.
_FILL = """
INSERT INTO profiles_profile (id, display_name, created_at)
SELECT n, 'Customer ' || n, now() FROM generate_series(1, %(count)s) n;
INSERT INTO profiles_channelidentity (id, account_id, address, standing, epoch_start, profile_id, reply_refusal,
    created_at, last_inbound_at)
OVERRIDING SYSTEM VALUE
SELECT n, CASE WHEN n %% 1000 = 0 THEN %(rare)s ELSE %(many)s END, n::text, 'proved', '1970-01-01', n, '', now(),
    now() - (n %% 500000) * interval '1 min' FROM generate_series(1, %(count)s) n;
INSERT INTO timeline_entry (channel_identity_id, account_id, kind, direction, occurred_at, recorded_at, text, detail,
    is_placeholder, is_backfilled, sightings)
SELECT n, %(many)s, 'message', 'in', now() - (n %% 500000) * interval '1 min', now(), 'Where is my order?', '{}',
    false, false, '{}' FROM generate_series(1, %(count)s) n;
INSERT INTO timeline_queuerow (profile_id, last_entry_id, last_entry_at, waiting_since, due_at, assignee_id, priority,
    tags, resolved_at, snoozed_until)
SELECT c.id, e.id, e.occurred_at,
    CASE WHEN c.id %% 10 = 0 THEN e.occurred_at END,
    CASE WHEN c.id %% 10 = 0 THEN e.occurred_at + interval '4 h' END,
    CASE WHEN c.id %% 20 = 0 OR c.id %% 7 = 0 THEN %(first)s + (c.id / 20) %% %(members)s END,
    CASE WHEN c.id %% 50 = 0 THEN 1 + (c.id / 50) %% 3 ELSE 0 END,
    CASE WHEN c.id %% 30 = 0 THEN ARRAY['tag ' || (c.id / 30) %% 40] ELSE '{}' END,
    CASE WHEN c.id %% 3 <> 0 AND c.id %% 10 <> 0 THEN e.occurred_at + interval '1 h' END,
    CASE WHEN c.id %% 100 = 0 THEN now() + (c.id %% 9000) * interval '1 min' END
FROM profiles_channelidentity c JOIN timeline_entry e ON e.channel_identity_id = c.id;
INSERT INTO timeline_entry (channel_identity_id, account_id, kind, direction, occurred_at, recorded_at, text, detail,
    is_placeholder, is_backfilled, sightings)
SELECT n * 50, %(many)s, 'note', 'none', now() - n * interval '1 min', now(), 'Look', jsonb_build_object('mentions',
    jsonb_build_array(%(first)s + n %% %(members)s)), false, false, '{}' FROM generate_series(1, %(count)s / 50) n;
INSERT INTO timeline_tag (key, name) SELECT 'tag ' || n, 'tag ' || n FROM generate_series(0, 39) n;
"""
MEMBERS = 20


def run(count: int) -> None:
    """Prints the time of each view, through the page's own view function and rendering."""
    with scratch.database("cxhub_bench_queue") as environ:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.queue", str(count)],
            env={**environ, "DJANGO_SETTINGS_MODULE": "cxhub.settings"}, cwd=scratch.PROJECT, check=True,
        )  # fmt: skip


def _fill(count: int) -> None:
    from django.db import connection

    from profiles.models import ChannelAccount, StaffMember

    many = ChannelAccount.objects.create(provider="bench", channel="whatsapp", name="Bench")
    rare = ChannelAccount.objects.create(provider="bench", channel="sms", name="Old number")
    members = [StaffMember.objects.create_staff(f"{n}@example.com", name=f"Member {n}") for n in range(MEMBERS)]
    values = {"count": count, "many": many.pk, "rare": rare.pk, "first": members[0].pk, "members": MEMBERS}
    with connection.cursor() as cursor:
        for statement in _FILL.split(";\n"):
            if statement.strip():
                cursor.execute(statement, values)
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _time(label: str, ask: Callable[[], str]) -> None:
    from django.db import connection

    asked = []

    def count(execute: Callable[..., object], *call: object) -> object:
        asked.append(call[0])
        return execute(*call)

    with connection.execute_wrapper(count):
        last = ask()
    times = []
    work = _cpu_seconds()
    for _ in range(ROUNDS):
        started = time.perf_counter()
        ask()
        times.append((time.perf_counter() - started) * 1_000)
    work = (_cpu_seconds() - work) / ROUNDS * 1_000
    cuts = statistics.quantiles(times, n=100)
    p50, p95 = statistics.median(times), cuts[94]
    print(
        f"{label:<34} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   CPU {work:5.1f} ms   {len(asked)} queries   {last}",
        flush=True,
    )


def _inside(count: int) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxhub.settings")
    django.setup()
    from django.conf import settings
    from django.test import Client
    from django.urls import resolve

    from cxhub.running.settled import settle
    from profiles.models import StaffMember
    from timeline.queue_views import VIEWS

    resolve("/livez")  # loads every view, as the web process does
    settle()
    settings.ALLOWED_HOSTS = ["*"]
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    random.seed(1)
    started = time.monotonic()
    _fill(count)
    print(f"{count:,} customers, {MEMBERS} members, written in {time.monotonic() - started:.0f} s")
    browser = Client()
    browser.force_login(StaffMember.objects.get(email="3@example.com"))

    def page(path: str) -> Callable[[], str]:
        def ask() -> str:
            answer = browser.get(path)
            assert answer.status_code == 200, path
            return f"{answer.content.count(b'data-profile=')} rows"

        return ask

    for view in VIEWS:
        _time(f"page, {view}", page(f"/inbox/{view}/"))
    for query in ("channel=sms", "channel=whatsapp", "tag=tag+7", "priority=3", "assignee=me", "assignee=nobody"):
        _time(f"page, all, {query}", page(f"/inbox/all/?{query}"))
    _time(
        "rows by ids, waiting", _fragment(browser, "/inbox/waiting/?ids=" + ",".join(str(n * 10) for n in range(1, 51)))
    )
    for view in ("all", "waiting"):
        _time(f"page {DEPTH + 1}, {view}", _fragment(browser, _deep(browser, view)))


def _fragment(browser: object, path: str) -> Callable[[], str]:
    def ask() -> str:
        answer = browser.get(path, headers={"HX-Request": "true"})  # type: ignore[attr-defined]
        return f"{answer.content.count(b'data-profile=')} rows"

    return ask


def _deep(browser: object, view: str) -> str:
    import re

    path = f"/inbox/{view}/"
    for _ in range(DEPTH):
        answer = browser.get(path, headers={"HX-Request": "true"})  # type: ignore[attr-defined]
        found = re.search(r'hx-get="([^"]*after=[^"]+)"', answer.content.decode())
        assert found
        path = found[1].replace("&amp;", "&")
    return path


if __name__ == "__main__":
    _inside(int(sys.argv[1]))
