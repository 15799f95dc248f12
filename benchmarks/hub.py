"""A whole hub of its own for a measurement: `up` on a temporary folder, a line, a logged-in page."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from benchmarks import deliveries, scratch


@dataclass(slots=True)
class Hub:
    """A running hub. `environ` lets commands find it."""

    url: str
    pid: int
    environ: dict[str, str]
    folder: Path

    def state(self) -> dict[str, str]:
        """What the hub says about itself in its data folder."""
        return dict(json.loads((self.folder / "hub.json").read_text()))

    def connect(self, name: str = "Benchmark") -> str:
        """The path of a new line's webhook."""
        settings = ["--set", f"app_secret={deliveries.SECRET}", "--set", "verify_token=benchmark"]
        return urlsplit(
            scratch.manage(self.environ, "connect", "whatsapp_cloud", "--name", name, *settings).splitlines()[-1]
        ).path

    def log_in(self) -> httpx.Client:
        """A browser's session of a new agent."""
        link = scratch.manage(self.environ, "create_user", "bench@example.com").splitlines()[-1]
        client = httpx.Client(follow_redirects=True)
        page = client.get(link)
        client.post(
            link, data={"csrfmiddlewaretoken": token_in(page.text)}, headers={"Referer": link}
        ).raise_for_status()
        return client


def token_in(page: str) -> str:
    """The CSRF token of a form on the page."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, "the page has no form"
    return found[1]


@contextmanager
def running(*arguments: str) -> Iterator[Hub]:
    """A hub with embedded servers in a temporary folder; stopped and gone at the end."""
    outside = ("DATABASE_URL", "REDIS_URL", "PUBLIC_BASE_URL", "CXHUB_LIVE_URL", "SECRET_KEY")
    with tempfile.TemporaryDirectory(prefix="cxhub-bench-") as name:
        environ = {key: value for key, value in os.environ.items() if key not in outside} | {"CXHUB_DATA": name}
        command = [sys.executable, str(scratch.PROJECT / "manage.py"), "up", "--port", "0", *arguments]
        with open(Path(name) / "up.log", "wb") as log:
            process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=log, text=True)
            assert process.stdout is not None
            url = next(line.split()[1] for line in process.stdout if line.startswith("ready "))
            try:
                yield Hub(url, process.pid, environ, Path(name))
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(30)
                process.stdout.close()


def processes(pid: int) -> dict[str, list[int]]:
    """The ids of `pid` and all its descendants, by what they are."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(after_name[1]), []).append(int(stat.parent.name))
    found: dict[str, list[int]] = {}
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        waiting += children.get(one, [])
        try:
            command = Path(f"/proc/{one}/cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        found.setdefault(_kind(command), []).append(one)
    return found


def memory_by_process(pid: int) -> dict[str, int]:
    """Proportional set size in bytes of `pid` and every descendant, by what they are."""
    return {kind: sum(map(_proportional_bytes, pids)) for kind, pids in processes(pid).items()}


def _proportional_bytes(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1]) * 1024


def _kind(command: str) -> str:
    known = {"granian": "web", "cxhub.live": "live", " worker": "worker", " beat": "beat", " sweep": "sweeper"}
    known |= {"valkey": "valkey", "postgres": "postgres", " up": "supervisor"}
    return next((name for mark, name in known.items() if mark in command), command[:40])


def events(hub: Hub, client: httpx.Client) -> Iterator[tuple[float, dict[str, object]]]:
    """(time of arrival, data) of each event that an open page receives."""
    page = client.get(f"{hub.url}/inbox/all/")
    token = re.search(r"X-CSRFToken&quot;: ?&quot;([^&]+)|X-CSRFToken\": ?\"([^\"]+)", page.text)
    csrf = next(filter(None, token.groups())) if token else token_in(page.text)
    headers = {"X-CSRFToken": csrf, "Referer": f"{hub.url}/", "Origin": hub.url}
    stream_url = urlsplit(client.post(f"{hub.url}/live/ticket/", headers=headers).raise_for_status().json()["url"])
    connection = http.client.HTTPConnection(stream_url.hostname or "", stream_url.port or 80, timeout=60)
    connection.request("GET", f"{stream_url.path}?{stream_url.query}")
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    while line := answer.readline():
        if line.startswith(b"data: "):
            yield time.perf_counter(), json.loads(line[6:])
