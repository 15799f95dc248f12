"""The pages in Chromium, with the real live stream beside them."""

import re
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from profiles.models import ChannelAccount, ChannelIdentity
from tests.pages.conftest import NOON, Born, Say
from timeline.live import Happened, publish
from timeline.models import CurrentTransaction, Entry

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=False)]


@pytest.fixture
def mira(born: Born, say: Say) -> ChannelIdentity:
    """A customer with 120 messages over three days, beside forty others in the queue."""
    for number in range(40):
        say(born(f"Customer {number}"), "Hello", minute=-5000 - number)
    mira = born("Mira Lind", address="4915112345678")
    rows = [
        Entry(
            channel_identity=mira,
            account=mira.account,
            kind="message",
            direction="in" if number % 3 else "out",
            occurred_at=NOON + timedelta(minutes=number * 30),
            text=f"message {number}",
            detail={"type": "text"},
            delivery=None,
        )
        for number in range(119)
    ]
    Entry.objects.bulk_create(rows)  # 120 times `say` would take longer than most tests here
    mira.first_seen, mira.last_outbound_at = rows[0].occurred_at, rows[117].occurred_at
    say(mira, "message 119", minute=119 * 30, delivery=None)
    return mira


def test_agent_reads_a_customer_by_keyboard(open_page: Callable[..., Page], mira: ChannelIdentity) -> None:
    page = open_page("/inbox/all/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator(f"#row-{mira.pk} a")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/inbox/all/{mira.pk}/")
    expect(page.locator(".entry")).to_have_count(50)
    expect(page).to_have_title("Mira Lind · Customer hub")
    expect(page.locator(f"#row-{mira.pk} a")).to_have_attribute("aria-current", "true")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.locator("#tl").focus()
    page.keyboard.press("k")
    expect(page.locator(".entry").last.locator("article")).to_be_focused()
    page.keyboard.press("Shift+J")
    expect(page).not_to_have_title("Mira Lind · Customer hub")
    page.go_back()
    page.wait_for_url(f"**/inbox/all/{mira.pk}/")
    expect(page.locator("#who")).to_have_text("Mira Lind")


def test_older_entries_come_by_scrolling_without_gap_or_double(
    open_page: Callable[..., Page], mira: ChannelIdentity
) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    page.wait_for_timeout(300)
    expect(page.locator(".entry")).to_have_count(50)
    for count in (100, 120):
        page.evaluate("document.querySelector('#tl').scrollTop = -1e6")
        expect(page.locator(".entry")).to_have_count(count)
    texts = page.locator(".entry .text").all_text_contents()
    assert texts == [f"message {number}" for number in range(120)]
    days = page.locator(".day").evaluate_all("days => days.map(day => day.dataset.day)")
    assert days == sorted(set(days))
    expect(page.get_by_text("This is where the story begins")).to_be_attached()


def test_new_message_appears_by_itself_and_keeps_the_reading_position(
    open_page: Callable[..., Page], mira: ChannelIdentity, say: Say, born: Born
) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    entry = say(mira, "Just now", minute=4000)
    published_at = time.monotonic()
    publish([Happened(mira.pk, entry.pk, "message")])
    expect(page.locator(f"#e-{entry.pk}")).to_be_in_viewport()
    assert time.monotonic() - published_at < 10  # by the nudge: the next heartbeat comes after up to 15 s
    expect(page.locator("#announce")).to_have_text("WhatsApp message from Mira Lind")
    expect(page.locator("#pill")).to_be_hidden()

    page.evaluate("document.querySelector('#tl').scrollTop = -900")
    anchor = page.locator(".entry", has_text=re.compile("message 100"))
    before = anchor.bounding_box()
    entry = say(mira, "While you read", minute=4001)
    publish([Happened(mira.pk, entry.pk, "message")])
    expect(page.locator("#pill")).to_have_text("1 new, WhatsApp")
    assert page.title() == "(1) Mira Lind · Customer hub"
    assert anchor.bounding_box() == before
    page.keyboard.press("Shift+G")
    expect(page.locator(f"#e-{entry.pk}")).to_be_in_viewport()
    expect(page.locator("#pill")).to_be_hidden()
    assert page.title() == "Mira Lind · Customer hub"

    noah = born("Noah Smith")
    entry = say(noah, "Am I first?", minute=5000)
    publish([Happened(noah.pk, entry.pk, "message")])
    expect(page.locator(".row").first).to_contain_text("Noah Smith")
    expect(page.locator(".segments [data-count=waiting]")).to_have_text("42")


def test_first_message_replaces_the_empty_page(open_page: Callable[..., Page], born: Born, say: Say) -> None:
    page = open_page("/inbox/all/")
    expect(page.get_by_text("Nothing has arrived yet")).to_be_visible()
    expect(page.locator(".status-word")).to_have_text("Live")
    mira = born("Mira Lind")
    entry = say(mira, "Hello")
    publish([Happened(mira.pk, entry.pk, "message")])
    expect(page.locator(f"#row-{mira.pk}")).to_be_visible()


def test_tabs_share_one_stream(open_page: Callable[..., Page], mira: ChannelIdentity, say: Say) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    listeners: set[Page] = set()
    page.context.on("request", lambda asked: listeners.add(asked.frame.page) if "/events?" in asked.url else None)
    expect(page.locator(".status-word")).to_have_text("Live")
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.locator(".status-word")).to_have_text("Live")
    entry = say(mira, "To both", minute=4000)
    publish([Happened(mira.pk, entry.pk, "message")])
    for tab in (page, second):
        expect(tab.locator(f"#e-{entry.pk}")).to_have_count(1)
    assert second not in listeners
    page.close()  # the other tab takes over
    entry = say(mira, "To the one left", minute=4001)
    second.wait_for_event("request", lambda asked: "/events?" in asked.url)
    publish([Happened(mira.pk, entry.pk, "message")])
    expect(second.locator(f"#e-{entry.pk}")).to_have_count(1)


def test_without_the_stream_the_page_says_so_and_asks_by_itself(
    open_page: Callable[..., Page], mira: ChannelIdentity, say: Say
) -> None:
    page = open_page("/inbox/waiting/")
    page.route("**/events?*", lambda route: route.abort())
    page.clock.install()
    page.goto(f"/inbox/all/{mira.pk}/")
    page.clock.run_for(10_000)
    expect(page.locator(".status-word")).to_have_text("Every 20 s")
    entry = say(mira, "Late but not lost", minute=4000)
    page.clock.run_for(21_000)
    page.clock.run_for(1_000)
    expect(page.locator(f"#e-{entry.pk}")).to_have_count(1)


def test_lost_connection_is_said_and_caught_up(open_page: Callable[..., Page], mira: ChannelIdentity, say: Say) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator(".status-word")).to_have_text("Offline")
    entry = say(mira, "While you were away", minute=4000)
    page.context.set_offline(False)
    expect(page.locator(f"#e-{entry.pk}")).to_have_count(1)
    expect(page.locator("#offline")).to_be_hidden()


def test_changed_entry_changes_in_place(open_page: Callable[..., Page], mira: ChannelIdentity, say: Say) -> None:
    entry = say(mira, "On its way", minute=4000, direction="out", delivery="sent")
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    expect(page.locator(f"#e-{entry.pk} .delivery")).to_have_text("Sent")
    entry.delivery = "read"
    entry.changed_in = CurrentTransaction()
    entry.save()
    publish([Happened(mira.pk, entry.pk, "message")])
    expect(page.locator(f"#e-{entry.pk} .delivery")).to_have_text("Read")
    expect(page.locator(f"#e-{entry.pk}")).to_have_count(1)


def test_theme_is_switched_and_kept(open_page: Callable[..., Page], mira: ChannelIdentity) -> None:
    page = open_page("/inbox/all/", scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(245, 246, 248)"
    for _ in ("light", "dark"):
        page.get_by_role("button", name="Theme").first.click()
    assert page.evaluate(ground) == "rgb(15, 18, 23)"
    page.reload()
    assert page.evaluate(ground) == "rgb(15, 18, 23)"


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768), (390, 844), (320, 640)])
def test_nothing_overflows(
    open_page: Callable[..., Page], mira: ChannelIdentity, say: Say, width: int, height: int
) -> None:
    say(mira, "Donaudampfschifffahrtsgesellschaft" * 6, minute=4000)
    say(mira, "", minute=4001, detail={"type": "document", "attachments": [{"type": "document", "name": "x" * 90}]})
    page = open_page("/inbox/all/", width=width, height=height)
    _fits(page)
    page.locator(f"#row-{mira.pk} a").click()
    expect(page.locator(".entry").last).to_be_in_viewport()
    _fits(page)
    if width < 1280:
        page.get_by_role("button", name="Customer details").click()
        expect(page.get_by_role("button", name="Close")).to_be_focused()
        _fits(page)
        page.keyboard.press("Escape")
        expect(page.locator("#side")).to_be_hidden()
        expect(page.get_by_role("button", name="Customer details")).to_be_focused()
    if width < 720:
        page.get_by_role("link", name="Back to the queue").click()
        expect(page.locator(f"#row-{mira.pk}")).to_be_visible()


def _fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    wide = "[...document.querySelectorAll('.queue, .talk, .tl, .side')].filter(e => e.scrollWidth > e.clientWidth)"
    assert page.evaluate(f"{wide}.map(e => e.className)") == []


def test_customer_on_many_channels_fits_a_phone(open_page: Callable[..., Page], born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    for number, channel in enumerate(("sms", "email", "chat", "store")):
        account = ChannelAccount.objects.create(
            provider="whatsapp_cloud", channel=channel, name=f"A long line {channel}"
        )
        say(born("", account=account, profile=mira.profile), "word " * 40, minute=number)
    page = open_page(f"/inbox/all/{mira.pk}/", width=390, height=844)
    wide = page.evaluate("() => [...document.querySelectorAll('.talk *')].filter(e => e.offsetWidth > 390).length")
    assert wide == 0
