"""`bench lighthouse`: Lighthouse 12.8.2 on the log-in page, the inbox and a customer with many entries.

Needs node 18 or newer with npm, which fetches Lighthouse, and Chromium. Pages of a hub are never for search engines, so
the audit that asks for crawlers is left out.
"""

import json
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
from playwright.sync_api import sync_playwright

from benchmarks import deliveries, hub

LIGHTHOUSE = "lighthouse@12.8.2"
RUNS = 3
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")

_FILL = """
INSERT INTO timeline_entry (channel_identity_id, account_id, kind, direction, occurred_at, recorded_at, text, detail,
    is_placeholder, is_backfilled, sightings)
SELECT c.id, c.account_id, 'message', CASE WHEN n %% 3 = 0 THEN 'out' ELSE 'in' END, now() - n * interval '7 minutes',
    now(), 'Message ' || n || ' about an order that has not arrived yet', '{"type": "text"}', false, false, '{}'
FROM profiles_channelidentity c, generate_series(1, %s) n
"""


def run(count: int) -> None:
    """Prints the median of three runs of each category, for each page and form factor."""
    if not shutil.which("npx"):
        raise SystemExit("bench lighthouse needs npx: install node 18 or newer with npm")
    with hub.running() as running:
        path, client = running.connect(), running.log_in()
        _write_once(running, path)
        profile = _fill(running, count)
        pages = {
            "inbox": "/inbox/all/",
            f"customer with {count:,} entries": f"/inbox/all/{profile}/",
        }
        with _browser(running, client) as port:
            for name, where in pages.items():
                _tell(name, running.url + where, port)
        with _browser(running, None) as port:
            _tell("log-in", f"{running.url}/login/", port)


def _tell(name: str, url: str, port: int) -> None:
    for form in ("desktop", "mobile"):
        found = [_scores(url, port, form) for _ in range(RUNS)]
        scores = {key: statistics.median(each[key] for each in found) for key in found[0]}
        print(f"{name:<32}{form:<9}" + "  ".join(f"{key} {scores[key]:.0f}" for key in CATEGORIES), end="")
        print(f"  LCP {scores['lcp']:.1f} s  CLS {scores['cls']:.3f}  TBT {scores['tbt']:.0f} ms", flush=True)


@contextmanager
def _browser(running: hub.Hub, client: httpx.Client | None) -> Iterator[int]:
    """The debugging port of a Chromium in which the client's session is open."""
    with socket.socket() as probe, tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", f"--remote-debugging-port={port}"],
        )
        for name, value in (client.cookies if client else {}).items():
            context.add_cookies([{"name": name, "value": value, "url": running.url}])
        yield port
        context.close()


def _write_once(running: hub.Hub, path: str) -> None:
    body = deliveries.body("lighthouse", 1, 1, int(time.time()))
    httpx.post(running.url + path, content=body, headers=deliveries.headers(path, body)).raise_for_status()


def _fill(running: hub.Hub, count: int) -> int:
    """The customer's story grows to `count` entries; returns their profile."""
    with psycopg.connect(running.state()["database_url"], autocommit=True) as database:
        for _ in range(100):
            row = database.execute("SELECT profile_id FROM profiles_channelidentity").fetchone()
            if row:
                database.execute(_FILL, [count])
                database.execute("ANALYZE timeline_entry")
                return int(row[0])
            time.sleep(0.1)
    raise SystemExit("the customer's first message was not worked within ten seconds")


def _scores(url: str, port: int, form: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = ["npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json", f"--output-path={report}"]
        command += [f"--port={port}", "--disable-storage-reset", "--skip-audits=is-crawlable"]
        command += ["--preset=desktop"] if form == "desktop" else []
        subprocess.run(command, check=True, capture_output=True, timeout=180)
        told = json.loads(report.read_text())
    audits = told["audits"]
    return {key: (told["categories"][key]["score"] or 0) * 100 for key in CATEGORIES} | {
        "lcp": audits["largest-contentful-paint"]["numericValue"] / 1000,
        "cls": audits["cumulative-layout-shift"]["numericValue"],
        "tbt": audits["total-blocking-time"]["numericValue"],
    }
