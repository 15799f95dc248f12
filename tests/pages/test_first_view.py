"""What a browser loads for the first view, collected and served as in production: its weight, and that it runs."""

import gzip
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from benchmarks import scratch
from profiles.models import ChannelIdentity
from tests.pages.conftest import Born, Say

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=False)]


@pytest.fixture
def collected_hub(tmp_path: Path) -> Iterator[str]:
    """The URL of a web process on the test's database, with its static files collected as `up` does."""
    parts = connection.get_connection_params()
    database = f"postgresql:///{parts['dbname']}?" + "&".join(
        f"{name}={parts[name]}" for name in ("host", "port", "user", "password") if parts.get(name)
    )
    environ = {
        **os.environ,
        "DATABASE_URL": database,
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "CXHUB_DATA": str(tmp_path / "data"),
    }
    manage = [sys.executable, str(scratch.PROJECT / "manage.py"), "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(manage, env=environ, check=True, cwd=scratch.PROJECT)
    with scratch.server("cxhub.front:application", environ) as port:
        yield f"http://127.0.0.1:{port}"


def test_the_first_view_is_light_and_everything_collected_runs(
    chromium: Browser, collected_hub: str, pages: Client, mira: ChannelIdentity
) -> None:
    context = chromium.new_context(base_url=collected_hub)
    session = {"name": settings.SESSION_COOKIE_NAME, "value": pages.cookies[settings.SESSION_COOKIE_NAME].value}
    context.add_cookies([session | {"url": collected_hub}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page.route("**/live/ticket/", lambda route: None)  # no stream here: without one the page would ask by itself
    page.goto(f"/inbox/all/{mira.pk}/")
    expect(page.locator("#answer")).to_be_visible()
    weights = _weights(page)
    print(json.dumps(weights, indent=1))
    scripts = sum(size for name, size in weights.items() if name.endswith(".js"))
    print(f"first view: {sum(weights.values())} bytes gzipped in all, {scripts} of them JavaScript")
    assert scripts <= 25_000
    assert sum(weights.values()) <= 60_000
    assert complaints == []
    names = page.evaluate("Object.keys(document.querySelector('#modules').dataset)")
    assert {"switches", "hits"} <= set(names)
    for name in names:
        assert page.evaluate("name => hub.load(name).then(module => typeof module)", name) == "object"
    assert complaints == []
    context.close()


@pytest.fixture
def mira(born: Born, say: Say) -> ChannelIdentity:
    """A customer with a full first page, beside a queue of forty."""
    for number in range(40):
        say(born(f"Customer {number}"), "Hello, is it still there?", minute=-number)
    mira = born("Mira Lind")
    for number in range(60):
        say(mira, f"message {number}", minute=number, direction="in" if number % 3 else "out")
    return mira


def _weights(page: Page) -> dict[str, int]:
    """The gzipped bytes of the page and of every static file it loaded, by name."""
    page.wait_for_timeout(500)
    loaded = page.evaluate("performance.getEntriesByType('resource').map(({name}) => name)")
    loaded = [url for url in loaded if "/presence." not in url]  # when somebody has stayed for a moment
    weights = {"the page": len(gzip.compress(page.content().encode(), 6))}
    for url in {url for url in loaded if "/static/" in url}:
        asked = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(asked, timeout=5) as answer:
            weights[url.rpartition("/")[2]] = len(answer.read())
    return weights
