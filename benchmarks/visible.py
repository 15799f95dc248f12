"""`bench visible`: from the webhook POST to the entry on the agent's screen, stage by stage, and whose CPU it costs.

The stages add up to what an agent waits for; the CPU is what stays comparable on a machine that others use too.
"""

import contextlib
import http.client
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import redis
from playwright.sync_api import Page, sync_playwright

from benchmarks import deliveries, hub
from benchmarks.load import percentile
from timeline.nudges import CHANNEL

PER_SECOND = 50
#: The open customer writes every fifth message; the others move the queue.
EVERY = 5
CUSTOMERS = 60
PULLS_ASKED = 40
STAGES = ("acknowledged", "claimed", "signalled", "heard", "asked", "answered", "put in", "painted")

_WATCH = """
() => {
  Object.assign(window, { stamps: {}, pulls: [0, 0] });
  const stamp = (id, name) => { (window.stamps[id] ??= {})[name] ??= Date.now(); };
  document.addEventListener("hub:told", ({ detail }) => { if (detail.e) stamp(`e-${detail.e}`, "heard"); });
  const ask = window.fetch;
  let pull = {};
  window.fetch = async (url, ...rest) => {
    const kind = String(url).includes("/since/") ? 0 : /around|inbox/.test(url) ? 1 : -1;
    const asked = Date.now();
    const answer = await ask(url, ...rest);
    if (kind >= 0) window.pulls[kind] += 1;
    if (kind === 0) pull = { asked, answered: Date.now() };
    return answer;
  };
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) {
      const found = node.matches?.(".entry") ? [node] : [...(node.querySelectorAll?.(".entry") ?? [])];
      for (const { id } of found) {
        if (window.stamps[id]?.painted) continue;
        stamp(id, "put in");
        Object.assign(window.stamps[id], pull);
        requestAnimationFrame(() => setTimeout(() => stamp(id, "painted")));
      }
    }
  }).observe(document.querySelector("#tl-in"), { childList: true, subtree: true });
}
"""


def run(count: int) -> None:
    """Prints the whole way, its stages, and the CPU of every process."""
    print(f"load average {os.getloadavg()[0]:.1f} at the beginning")
    with hub.running() as running:
        path, client = running.connect(), running.log_in()
        profile = first_messages(running, path)
        with browser(running, client) as page:
            measure(running, path, page, profile, count)
        pulls(running, client, profile)
    print(f"load average {os.getloadavg()[0]:.1f} at the end")


@contextmanager
def browser(running: hub.Hub, client: httpx.Client) -> Iterator[Page]:
    """A page of a Chromium with the client's session."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=running.url)
        for name, value in client.cookies.items():
            context.add_cookies([{"name": name, "value": value, "url": running.url}])
        yield context.new_page()
        browser.close()


def first_messages(running: hub.Hub, path: str) -> int:
    """Everybody has written once and stands in the queue; returns the customer to open."""
    _send(running, path, CUSTOMERS, customers=CUSTOMERS, first_of_each=True)
    asked = "SELECT profile_id FROM profiles_channelidentity WHERE address = %s"
    with psycopg.connect(running.state()["database_url"], autocommit=True) as database:
        for _ in range(300):
            row = database.execute(asked, ["15550000000"]).fetchone()
            if row and database.execute("SELECT count(*) FROM timeline_queuerow").fetchone() == (CUSTOMERS,):
                return int(row[0])
            time.sleep(0.1)
    raise SystemExit("the first messages were not worked within half a minute")


def measure(running: hub.Hub, path: str, page: Page, profile: int, count: int) -> None:
    """Sends, and prints when what the open customer wrote was seen."""
    page.goto(f"/inbox/all/{profile}/")
    page.wait_for_selector("#status[data-state=live]")
    page.evaluate(_WATCH)
    _send(running, path, 20, customers=40)  # everything that is loaded at first use is there now
    time.sleep(2)
    signalled = _signals(running)
    before, pulled, began = _cpu(running), page.evaluate("window.pulls"), time.time()
    sent = _send(running, path, count, customers=40)
    time.sleep(2)
    spent, seconds = _since(before, _cpu(running)), time.time() - began
    _settle(page, sum(at[0] == 0 for at in sent.values()))
    stamps = {key: at for key, at in page.evaluate("window.stamps").items() if key[2:].isdecimal()}
    pulled = [after - first for first, after in zip(pulled, page.evaluate("window.pulls"), strict=True)]
    with psycopg.connect(running.state()["database_url"]) as database:
        rows = database.execute("SELECT provider_message_id, id, recorded_at FROM timeline_entry").fetchall()
    steps = []
    mine = {message: at for message, at in sent.items() if at[0] == 0}
    for message, entry, recorded_at in rows:
        at = stamps.get(f"e-{entry}", {})
        if message in mine and "painted" in at and entry in signalled:
            _customer, posted, acknowledged = mine[message]
            told = {"acknowledged": acknowledged * 1000, "claimed": recorded_at.timestamp() * 1000}
            steps.append({"posted": posted * 1000, **told, "signalled": signalled[entry] * 1000, **at})
    whole = [each["painted"] - each["posted"] for each in steps]
    p50, p95, p99 = (percentile(whole, share) for share in (0.5, 0.95, 0.99))
    seen = f"{len(steps)} of {len(mine)} seen"
    print(
        f"POST to visible at {PER_SECOND}/s, {seen}: p50 {p50:.0f}  p95 {p95:.0f}  p99 {p99:.0f} ms"
        " (aim p50 100, p95 300 ms)"
    )
    _tell_stages(steps)
    _tell_cpu(spent, seconds, count, pulled)


def _settle(page: Page, mine: int) -> None:
    """A loaded machine gets its time, up to a minute."""
    before = page.evaluate("Object.values(window.stamps).filter(({ painted }) => painted).length")
    for _ in range(60):
        time.sleep(1)
        now = page.evaluate("Object.values(window.stamps).filter(({ painted }) => painted).length")
        if now == before and now >= mine:
            return
        before = now


def _tell_stages(steps: list[dict[str, float]]) -> None:
    """Each stage from the end of the one before. An entry may be pulled before its own event is heard."""
    earlier = "posted"
    for stage in STAGES:
        took = [each[stage] - each[earlier] for each in steps if stage in each]
        p50, p95 = percentile(took, 0.5), percentile(took, 0.95)
        print(f"  {earlier + ' to ' + stage:<26}p50 {p50:5.0f}  p95 {p95:5.0f} ms")
        earlier = stage


def _tell_cpu(spent: Mapping[str, float], seconds: float, count: int, pulled: list[int]) -> None:
    whole = sum(spent.values())
    print(f"CPU {whole:.1f} s in {seconds:.1f} s; for a message of {count}, in ms:")
    print("  " + "  ".join(f"{kind} {each * 1000 / count:.1f}" for kind, each in spent.items() if each > 0.01))
    print(f"  the page asked {pulled[0]} times for entries and {pulled[1]} times for rows")


def pulls(running: hub.Hub, client: httpx.Client, profile: int) -> None:
    """What a pull costs the server: the CPU of the web process and of PostgreSQL, and its bytes."""
    database_url = running.state()["database_url"]
    with psycopg.connect(database_url) as database:
        changed = "UPDATE timeline_entry SET changed_in = pg_current_xact_id()::text::bigint WHERE id = (SELECT e.id"
        changed += " FROM timeline_entry e JOIN profiles_channelidentity c ON c.id = e.channel_identity_id"
        changed += " WHERE c.profile_id = %s ORDER BY e.occurred_at DESC LIMIT 1) RETURNING changed_in"
        row = database.execute(changed, [profile]).fetchone()  # one entry alone is news, whatever was filled in before
        others = database.execute("SELECT profile_id FROM timeline_queuerow WHERE profile_id <> %s LIMIT 10", [profile])
        ids = ",".join(str(each) for (each,) in others)
    assert row is not None
    asked = {"one entry": f"/customers/{profile}/since/?after={row[0]}:{row[0]}:&view=all&queue="}
    asked["what stands around, ten rows among it"] = f"/customers/{profile}/around/?view=all&queue=&ids={ids}"
    asked["ten rows"] = f"/inbox/all/?ids={ids}"
    for what, where in asked.items():
        before = _cpu(running)
        for _ in range(PULLS_ASKED):
            answer = client.get(running.url + where, headers={"HX-Request": "true"}).raise_for_status()
        spent = {kind: each * 1000 / PULLS_ASKED for kind, each in _since(before, _cpu(running)).items()}
        print(
            f"a pull of {what}: web {spent['web']:.1f} ms, PostgreSQL {spent['postgres']:.1f} ms of CPU,"
            f" {len(answer.content):,} bytes"
        )


def _send(
    running: hub.Hub, path: str, count: int, *, customers: int, first_of_each: bool = False
) -> dict[str, tuple[int, float, float]]:
    """Posts at a steady rate on one connection; whom each message is from, when it was sent and answered, by its id."""
    address = urlsplit(running.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 80)
    sent: dict[str, tuple[int, float, float]] = {}
    name, started = f"ui{time.time_ns():x}", time.perf_counter()
    for number in range(count):
        customer = number if first_of_each else 0 if number % EVERY == 0 else 1 + number % (customers - 1)
        content = deliveries.body(name, number, customer, int(time.time()))
        time.sleep(max(0.0, started + number / PER_SECOND - time.perf_counter()))
        posted = time.time()
        connection.request("POST", path, content, deliveries.headers(path, content))
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        sent[f"wamid.{name}.{number}"] = (customer, posted, time.time())
    return sent


def _signals(running: hub.Hub) -> dict[int, float]:
    """When Valkey told of each entry, as a listener beside the hub hears it."""
    heard: dict[int, float] = {}
    bus = redis.Redis.from_url(running.state()["redis_url"], socket_timeout=None)
    channel = bus.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    channel.subscribe(CHANNEL)

    def listen() -> None:
        with bus, contextlib.suppress(redis.RedisError, ValueError):  # the hub ends
            for message in channel.listen():
                if entry := json.loads(message["data"]).get("e"):
                    heard.setdefault(int(entry), time.time())

    threading.Thread(target=listen, daemon=True).start()
    time.sleep(0.2)
    return heard


def _cpu(running: hub.Hub) -> dict[str, float]:
    """Seconds of CPU so far, of each kind of process and of the browser."""
    kinds = hub.processes(running.pid)
    hubs = {pid for pids in kinds.values() for pid in pids}
    ours = {pid for kind, pids in hub.processes(os.getpid()).items() if "chrom" in kind for pid in pids}
    kinds["browser"] = sorted(ours - hubs)
    return {kind: sum(map(_seconds, pids)) for kind, pids in kinds.items()}


def _seconds(pid: int) -> float:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _since(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {kind: max(0.0, after[kind] - before.get(kind, 0.0)) for kind in after}
