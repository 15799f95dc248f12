"""Whatever fails between the hub and an open page: no entry is missing in the end, and none stands there twice."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from profiles.models import ChannelIdentity, StaffMember
from tests.pages.browsing import LiveProcess, tell_pages, wait_until
from tests.pages.conftest import Born, Say
from tests.pages.tunnel import Tunnel, tunnel
from timeline import live, notices, presence
from timeline.live import Bus, Happened, publish
from timeline.models import Entry, QueueRow
from timeline.unread import unread_counts

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=False)]
ENTRIES, CUTS = 500, 20


class Rig:
    """The live process behind a tunnel, and Valkey behind another."""

    def __init__(self, process: LiveProcess, stream: Tunnel, valkey: Tunnel) -> None:
        self.process, self.stream, self.valkey = process, stream, valkey


@pytest.fixture
def rig(live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    server = urlsplit(settings.REDIS_URL)
    with tunnel(server.port or server.path) as valkey:
        settings.REDIS_URL = f"redis://127.0.0.1:{valkey.port}/0"
        for module in (live, notices, presence):  # a connection through the tunnel ends with it
            monkeypatch.setattr(module, "_bus", Bus(fault="not told", pause_seconds=1.0))
        process = LiveProcess(live_server.url, settings.REDIS_URL)
        with tunnel(process.port) as stream:
            yield Rig(process, stream, valkey)
        process.stop()


@pytest.fixture
def live_stream(rig: Rig, settings: Any) -> str:
    """As for all pages, but through the tunnel."""
    url = f"http://127.0.0.1:{rig.stream.port}"
    tell_pages(settings, url)
    return url


@pytest.fixture
def mira(born: Born, say: Say) -> ChannelIdentity:
    mira = born("Mira Lind")
    say(mira, "the first")
    return mira


def test_500_entries_through_20_cuts_a_restart_and_a_dead_valkey(
    open_page: Callable[..., Page], mira: ChannelIdentity, born: Born, say: Say, rig: Rig, agent: StaffMember
) -> None:
    others = [born(f"Customer {number}") for number in range(9)]
    for other in others:
        say(other, "hello")
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    second = page.context.new_page()
    second.goto(page.url)
    wait_until(lambda: rig.valkey.connections > 0)  # nudges come through the tunnel, not only heartbeats
    cuts = 0
    for number in range(ENTRIES):
        if number % (ENTRIES // CUTS) == 7:
            wait_until(lambda: rig.stream.cut(older_than_seconds=0.4) > 0, within_seconds=60)
            cuts += 1
        if number == 150:
            rig.process.stop()
        if number == 156:
            rig.process.start()
        if number == 250:
            rig.valkey.is_open = False
            rig.valkey.cut()
        if number == 330:
            rig.valkey.is_open = True
        writer = mira if number % 5 else others[number // 5 % 9]
        entry = say(writer, f"entry {number}", minute=1 + number / 10)
        publish([Happened(writer.pk, entry.pk, "message")])
        time.sleep(0.01)
    assert cuts == CUTS
    ended_at = time.monotonic()
    mine = Entry.objects.filter(channel_identity=mira).count()
    for tab in (page, second):
        tab.bring_to_front()
        wait_until(lambda tab=tab: _number_shown(tab) >= mine, within_seconds=60)
    print(f"caught up {time.monotonic() - ended_at:.1f} s after the last of {ENTRIES} entries")
    rows = QueueRow.objects.select_related("last_entry").order_by("-last_entry_at", "-profile_id")
    expected = [(f"row-{row.pk}", row.last_entry.text) for row in rows]
    for tab in (page, second):
        texts = Counter(tab.locator("#tl .entry .text").all_text_contents())
        assert set(texts.values()) == {1}
        assert set(texts) == set(Entry.objects.filter(channel_identity=mira).values_list("text", flat=True))
        wait_until(lambda tab=tab: _rows(tab) == expected)
        expect(tab.locator("[data-count=waiting]").first).to_have_text("10")
    page.bring_to_front()
    wait_until(lambda: mira.pk not in unread_counts(agent, [mira.pk]))


def test_a_page_that_slept_catches_up(
    open_page: Callable[..., Page], mira: ChannelIdentity, say: Say, rig: Rig
) -> None:
    page = open_page("/inbox/all/")
    page.clock.install()
    page.goto(f"/inbox/all/{mira.pk}/")
    page.clock.run_for(2000)
    expect(page.locator(".status-word")).to_have_text("Live")
    rig.stream.is_stalled = True  # the connection is dead, and the browser does not know
    entry = say(mira, "while asleep", minute=3)
    publish([Happened(mira.pk, entry.pk, "message")])
    time.sleep(0.5)
    rig.stream.is_stalled = False
    assert page.locator(f"#e-{entry.pk}").count() == 0
    page.clock.fast_forward("08:00:00")
    page.clock.run_for(3000)
    expect(page.locator(f"#e-{entry.pk}")).to_have_count(1)


def _number_shown(page: Page) -> int:
    return page.locator("#tl .entry").count()


def _rows(page: Page) -> list[tuple[str, str]]:
    """The rows of the queue, by id and the text they show."""
    read = "rows => rows.map(row => [row.id, row.querySelector('.row-text').textContent.trim()])"
    return [(row, re.sub(r"\s+", " ", text)) for row, text in page.locator("#rows .row").evaluate_all(read)]
