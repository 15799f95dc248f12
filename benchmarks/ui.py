"""`bench ui`: what an agent waits for, in a real Chromium on a whole hub of its own; and what a thousand agents cost.

Everything is on loopback; about two minutes. Needs Chromium.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import redis
from playwright.sync_api import Page

from benchmarks import hub, pages, scratch, visible
from benchmarks.lighthouse import _FILL
from benchmarks.load import percentile

ENTRIES = 100_000
PAGES_ASKED = 60
STEPS = 30
#: What stands around the story has come by then; nobody reads a customer faster.
PAUSE_MS = 500
STREAMS = 1_000
TOLD = 20

_STEP = """
() => new Promise((painted) => {
  const before = document.querySelector("#who").textContent;
  const began = performance.now();
  const watch = new MutationObserver(() => {
    const who = document.querySelector("#who")?.textContent;
    if (!who || who === before) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => painted(performance.now() - began)));
  });
  watch.observe(document.querySelector("#work"), { childList: true, subtree: true });
  document.querySelector("#tl").dispatchEvent(new KeyboardEvent("keydown", { key: "J", bubbles: true }));
})
"""
_INPUTS = """
() => {
  window.took = [];
  new PerformanceObserver((list) => { for (const { duration, name } of list.getEntries()) {
    if (name === "keydown") window.took.push(duration);
  } }).observe({ type: "event", durationThreshold: 16 });
}
"""


def run(count: int) -> None:
    """Prints each figure beside its aim, and the load of the machine."""
    print(f"load average {os.getloadavg()[0]:.1f} at the beginning")
    with hub.running() as running:
        path, client = running.connect(), running.log_in()
        profile = visible.first_messages(running, path)
        with visible.browser(running, client) as page:
            visible.measure(running, path, page, profile, count)
            visible.pulls(running, client, profile)
            _fill(running, profile)
            _next_customer(running, page)
            _keys(running, page, profile)
        _first_page(running, client, profile)
        asyncio.run(_streams(running))
    print(f"load average {os.getloadavg()[0]:.1f} at the end")


def _fill(running: hub.Hub, profile: int) -> None:
    with psycopg.connect(running.state()["database_url"], autocommit=True) as database:
        one = _FILL + f" WHERE c.profile_id = {profile}"
        database.execute(one, [ENTRIES])
        database.execute("ANALYZE timeline_entry")


def _next_customer(running: hub.Hub, page: Page) -> None:
    for what, pause in (("", PAUSE_MS), (", again as soon as painted", 0)):
        page.goto("/inbox/all/")
        page.locator(".row a").first.click()
        page.wait_for_selector("#answer")
        took = []
        for _ in range(STEPS):
            took.append(page.evaluate(_STEP))
            page.wait_for_timeout(pause)
        _tell(f"next customer painted (Shift+J){what}", took[1:], "p95 150 ms")


def _keys(running: hub.Hub, page: Page, profile: int) -> None:
    page.goto(f"/inbox/all/{profile}/")
    page.wait_for_selector("#answer")
    shown = 0
    for _ in range(40):
        page.evaluate("document.querySelector('#tl').scrollTop = -1e7")
        page.wait_for_timeout(150)
        shown = page.locator("#tl .entry").count()
        if shown >= 1_000:
            break
    page.evaluate(_INPUTS)
    page.locator("#tl article").last.focus()
    pressed = 0
    for key in "kkkjkkjjkk" * 6:
        page.keyboard.press(key)
        pressed += 1
    page.locator("#answer").focus()
    page.keyboard.type("The parcel left our warehouse this morning and comes tomorrow.", delay=20)
    pressed += 62
    page.wait_for_timeout(500)
    slow = page.evaluate("window.took")
    took = [*slow, *[8.0] * max(0, pressed - len(slow))]  # what took under 16 ms is not told
    _tell(f"keys with {shown:,} entries in the page", took, "p98 50 ms", share=0.98)


def _first_page(running: hub.Hub, client: httpx.Client, profile: int) -> None:
    where = f"/inbox/all/{profile}/"
    took = []
    for _ in range(PAGES_ASKED):
        began = time.perf_counter()
        client.get(running.url + where).raise_for_status()
        took.append((time.perf_counter() - began) * 1000)
    _tell(f"first page of a customer with {ENTRIES:,} entries", took[5:], "p95 80 ms")
    pages.tell(running, profile)


async def _streams(running: hub.Hub) -> None:
    """Opens the streams, tells all of them something a few times, and prints when they heard it."""
    state = running.state()
    before = hub.memory_by_process(running.pid)["live"]
    heard: list[list[float]] = [[] for _ in range(TOLD)]
    tickets = _tickets(running)
    gate = asyncio.Semaphore(20)
    tasks = [asyncio.create_task(_listen(state["live_url"], ticket, heard, gate)) for ticket in tickets]
    await asyncio.gather(*(task_ready(task) for task in tasks))
    bus = redis.Redis.from_url(state["redis_url"])
    told_at = []
    for number in range(TOLD):
        told_at.append(time.perf_counter())
        bus.publish("cxhub:live", json.dumps({"c": 0, "e": -1 - number, "k": "bench"}))
        await asyncio.sleep(0.5)
    await asyncio.sleep(1)
    after = hub.memory_by_process(running.pid)["live"]
    for task in tasks:
        task.cancel()
    delays = [(at - told_at[number]) * 1000 for number, times in enumerate(heard) for at in times]
    _tell(f"told to {len(delays) // TOLD:,} streams on one live process", delays, "p95 500 ms")
    print(f"memory of the live process: {before / 2**20:.0f} MB, with {len(tasks):,} streams {after / 2**20:.0f} MB")


def _tickets(running: hub.Hub) -> list[str]:
    state = running.state()
    code = "import django; django.setup(); from cxhub.live import ticket_for; from django.conf import settings; from"
    code += " profiles.models import StaffMember; m = StaffMember.objects.first(); [print(ticket_for("
    code += f"settings.SECRET_KEY, m.pk, m.access_revision, f'bench{{n}}')) for n in range({STREAMS})]"
    environ = running.environ | {key.upper(): state[key] for key in ("database_url", "redis_url") if key in state}
    environ |= {"DJANGO_SETTINGS_MODULE": "cxhub.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, cwd=scratch.PROJECT, check=True, capture_output=True, text=True
    )
    return done.stdout.split()


_ready: dict[Any, asyncio.Event] = {}


async def task_ready(task: "asyncio.Task[None]") -> None:
    """The stream of the task is open, or the task has failed."""
    event = _ready.setdefault(task, asyncio.Event())
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({waiting, task}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


async def _listen(url: str, ticket: str, heard: list[list[float]], gate: asyncio.Semaphore) -> None:
    address = urlsplit(url)
    async with gate:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(f"GET /events?ticket={ticket} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        assert b" 200 " in await reader.readline()
    _ready.setdefault(asyncio.current_task(), asyncio.Event()).set()
    with contextlib.closing(writer):
        while line := await reader.readline():
            if line.startswith(b"data: ") and b"bench" in line:
                heard[-1 - int(json.loads(line[6:])["e"])].append(time.perf_counter())


def _tell(what: str, took: list[float], aim: str, share: float = 0.95) -> None:
    p50, high, p99 = (percentile(took, each) for each in (0.5, share, 0.99))
    print(f"{what}: p50 {p50:.0f}  p{share * 100:.0f} {high:.0f}  p99 {p99:.0f} ms (aim {aim})", flush=True)
