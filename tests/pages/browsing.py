"""Chromium, and the live process beside the test's own server."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import urlopen

import pytest
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserType, Page, expect, sync_playwright

from benchmarks.scratch import free_port
from profiles.models import StaffMember

PASSWORD = "kettle drum violet harbour"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; without it the suite fails, since a skipped proof proves nothing."""
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright keeps an event loop in this thread
    expect.set_options(timeout=20_000)  # bounds only a failure, on however busy a machine
    with sync_playwright() as playwright:
        browser = launched(playwright.chromium)
        yield browser
        browser.close()


def launched(chromium: BrowserType, *flags: str) -> Browser:
    """A browser of its own. The headless shell is the same engine without a desktop: a third of the CPU time."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        pytest.fail("no Chromium. Install it (`apt-get install chromium-headless-shell`), or add `-m 'not browser'`.")
    return chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu", *flags])


class LiveProcess:
    """The live process on the test's database, and pages that know its address: `url`, or where a tunnel starts."""

    def __init__(self, page_url: str, redis_url: str) -> None:
        database = connection.settings_dict
        self.port = free_port()
        self.environment = os.environ | {
            "DATABASE_URL": f"postgresql://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}"
            f"?host={database['HOST']}&port={database['PORT']}",
            "REDIS_URL": redis_url,
            "SECRET_KEY": django_settings.SECRET_KEY,
            "PUBLIC_BASE_URL": page_url,
        }
        self.start()

    def start(self) -> None:
        """It answers."""
        command = [sys.executable, "-m", "cxhub.live", "--port", str(self.port)]
        self.process = subprocess.Popen(command, env=self.environment)
        wait_until(lambda: urlopen(f"http://127.0.0.1:{self.port}/livez", timeout=1).status == 200)

    def stop(self) -> None:
        """It is gone."""
        self.process.terminate()
        self.process.wait(10)


def tell_pages(settings: Any, url: str) -> None:
    """Pages made from now on know the address of the stream, and their policy lets them connect to it."""
    settings.LIVE_URL = url
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"] | {"connect-src": ["'self'", url]}
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": directives}


@pytest.fixture(scope="session")
def live_process(django_db_setup: None, live_server: Any) -> Iterator[LiveProcess]:
    """The live process beside the tests' own server; it remembers nothing of the tests before."""
    process = LiveProcess(live_server.url, django_settings.REDIS_URL)
    try:
        yield process
    finally:
        process.stop()


@pytest.fixture
def live_stream(live_process: LiveProcess, settings: Any) -> str:
    """The stream's URL, which pages know."""
    url = f"http://127.0.0.1:{live_process.port}"
    tell_pages(settings, url)
    return url


@pytest.fixture
def open_page(
    chromium: Browser, live_server: Any, live_stream: str, agent: StaffMember
) -> Iterator[Callable[..., Page]]:
    """Opens a logged-in page of a given width; at the end no page of it, and no second tab, has complained.

    The browser tells its console what a script raised, what failed to load, and what the content policy refused.
    """
    complaints: list[str] = []
    contexts = []

    def complain(said: Any) -> None:
        taken_away = "Failed to load resource: .*(net::ERR_|401|403|409|422|502)|htmx:error: Failed to fetch"
        taken_away_by_the_test = re.search(taken_away, said.text)
        shows_a_file = said.page and "/media/" in said.page.url  # Chromium's own viewer styles itself inline
        if not shows_a_file and said.type in ("error", "warning") and not taken_away_by_the_test:
            complaints.append(said.text)

    def opened(
        path: str, *, width: int = 1440, height: int = 900, scheme: Any = "light", member: StaffMember = agent
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, base_url=live_server.url
        )
        contexts.append(context)
        context.add_cookies([session_of(member, live_server.url)])
        context.on("console", complain)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = context.new_page()
        page.goto(path)
        page.wait_for_url(f"**{path}")
        return page

    with _requests_ended():
        yield opened
        for context in contexts:
            context.close()
    assert complaints == [], complaints


def session_of(member: StaffMember, url: str) -> Any:
    """The cookie of a member who has logged in. How one does by the form: tests/screens, test_connection_browser."""
    client = Client()
    client.force_login(member)
    name = django_settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}


@contextlib.contextmanager
def _requests_ended() -> Iterator[None]:
    """At the end the test's server answers nobody: what a page says as it closes must not meet the clean-up."""
    open_requests: list[int] = [0]

    def begin(**_: Any) -> None:
        open_requests[0] += 1

    def end(**_: Any) -> None:
        open_requests[0] -= 1

    request_started.connect(begin, weak=False)
    request_finished.connect(end, weak=False)
    try:
        yield
        time.sleep(0.1)  # for what is on its way
        wait_until(lambda: open_requests[0] <= 0)
    finally:
        request_started.disconnect(begin)
        request_finished.disconnect(end)


def wait_until(is_so: Callable[[], bool], *, within_seconds: float = 20) -> None:
    """It became so. Raises AssertionError."""
    deadline = time.monotonic() + within_seconds
    while True:
        try:
            if is_so():
                return
            assert time.monotonic() < deadline, f"it did not become so within {within_seconds} s"
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)
