"""The timeline in Chromium: sessions, folds, filters, and a page that stays small however far somebody reads."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from profiles.models import ChannelAccount, ChannelIdentity
from tests.pages.conftest import NOON, Born, Say
from timeline.live import Happened, publish
from timeline.models import Entry

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=False)]

#: Everything a reader sees of the timeline, in order: marks with their words, entries with whether they are folded.
STORY = """[...document.querySelectorAll('#tl-in .day')].map(day => [day.dataset.day,
  [...day.querySelector('.entries').children].map(each => each.id
    ? each.id + (each.classList.contains('folded') ? ' folded' : '') + (each.classList.contains('cont') ? ' cont' : '')
    : each.textContent.trim())])"""


@pytest.fixture
def mira(born: Born) -> ChannelIdentity:
    return born("Mira Lind", address="4915112345678")


def fill(sender: ChannelIdentity, count: int, *, minutes: float = 7) -> list[int]:
    """So many messages, oldest first, up to noon."""
    rows = [
        Entry(
            channel_identity=sender,
            account=sender.account,
            kind="message",
            direction="in" if number % 3 else "out",
            occurred_at=NOON - timedelta(minutes=minutes * (count - number)),
            text=f"message {number}",
            detail={"type": "text"},
            changed_in=1,  # long ago: the page does not take them for what came meanwhile
        )
        for number in range(count)
    ]
    return [entry.pk for entry in Entry.objects.bulk_create(rows)]


def shown(page: Page) -> list[int]:
    ids: list[str] = page.locator(".entry").evaluate_all("all => all.map(one => one.id)")
    return [int(pk[2:]) for pk in ids]


def until(is_so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


def until_other(page: Page, place: int, than: int) -> None:
    until(lambda: shown(page)[place] != than)


def scroll_to(page: Page, end: str) -> None:
    page.evaluate(f"document.querySelector('#tl').scrollTop = {'-1e7' if end == 'top' else '0'}")


def load_a_thousand(page: Page) -> None:
    for count in range(100, 1001, 50):

        def is_loaded(count: int = count) -> bool:
            scroll_to(page, "top")  # again and again, as a hand does
            return page.locator(".entry").count() >= count

        until(is_loaded)
    expect(page.locator(".entry")).to_have_count(1000)


def test_long_story_stays_small_in_order_and_in_place(
    open_page: Callable[..., Page], mira: ChannelIdentity, say: Say
) -> None:
    written = fill(mira, 2500)
    say(mira, "the newest", minute=1)
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".entry")).to_have_count(50)
    oldest, most = shown(page)[0], 0
    while oldest != written[0]:
        before = shown(page)
        scroll_to(page, "top")
        until_other(page, 0, oldest)
        until(lambda: len(shown(page)) <= 1000)
        now = shown(page)
        assert now == sorted(set(now))
        assert now == written[written.index(now[0]) : written.index(now[0]) + len(now)] or now[-1] > written[-1]
        assert set(before[:30]) <= set(now)
        oldest, most = now[0], max(most, len(now))
    assert most == 1000
    expect(page.get_by_text("This is where the story begins")).to_be_attached()
    page.wait_for_timeout(200)
    anchor = page.locator(f"#e-{written[300]}")
    while shown(page)[-1] <= written[-1]:
        last = shown(page)[-1]
        scroll_to(page, "bottom")
        until_other(page, -1, last)
        until(lambda: len(shown(page)) <= 1000)
    assert anchor.count() == 0
    assert page.locator("#older button").count() == 1
    assert shown(page)[-1] > written[-1]


def test_what_is_read_stays_where_it_is_when_the_far_end_goes(
    open_page: Callable[..., Page], mira: ChannelIdentity
) -> None:
    fill(mira, 1100)
    page = open_page(f"/inbox/all/{mira.pk}/")
    load_a_thousand(page)
    page.wait_for_timeout(300)
    reading = page.locator(".entry").nth(20)
    name = reading.get_attribute("id")
    page.evaluate("name => document.getElementById(name).scrollIntoView({block: 'center'})", name)
    page.wait_for_timeout(300)
    place = page.locator(f"#{name}")
    before = place.bounding_box()
    assert before
    moved = page.evaluate(
        """async name => {
        const place = () => document.getElementById(name).getBoundingClientRect().top;
        const before = place();
        document.querySelector('#older button').click();
        while (!document.querySelector('#newer')) await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
        return Math.abs(place() - before);
    }""",
        name,
    )
    assert moved < 1
    expect(page.locator(".entry")).to_have_count(1000)


def test_story_read_in_pieces_looks_like_one_read_at_once(
    open_page: Callable[..., Page], mira: ChannelIdentity, born: Born, say: Say
) -> None:
    shop = ChannelAccount.objects.create(provider="site_events", channel="store", name="Shop")
    chat = ChannelAccount.objects.create(provider="webchat", channel="chat", name="Site")
    buyer = born("", account=shop, profile=mira.profile, address="42", reply_refusal="store")
    visitor = born("", account=chat, profile=mira.profile, address="v1")

    def did(minute: float, kind: str, sender: ChannelIdentity, text: str = "", **detail: Any) -> Entry:
        return say(sender, text, minute=minute, kind=kind, direction="none", detail=detail)

    for start in range(0, 1200, 100):  # every hundred minutes the same: pages, a hand-off, an order, work
        for page_number in range(4):
            did(
                start + page_number, "page_view", visitor, f"Page {page_number}", url=f"https://s.example/{page_number}"
            )
        say(visitor, "Which size?", minute=start + 5)
        say(mira, "Now from my phone", minute=start + 25)
        for place, state in enumerate(("created", "paid", "shipped")):
            did(start + 30 + place, "order", buyer, number=str(start), state=state)
        for place in range(3):
            done = place == 1 and start % 200 == 0
            did(start + 60 + place, "work", mira, type="resolved" if done else "spam", by="Ana")
    whole = open_page(f"/inbox/all/{mira.pk}/")
    expect(whole.locator(".entry")).to_have_count(50)
    scroll_to(whole, "top")
    expect(whole.locator(".entry")).to_have_count(100)
    scroll_to(whole, "top")
    expect(whole.get_by_text("This is where the story begins")).to_be_attached()
    whole.wait_for_timeout(300)
    expect(whole.locator(".status-word")).to_have_text("Live")
    for place in range(4):  # what comes live folds too
        entry = did(1300 + place, "page_view", visitor, f"Page {place}", url=f"https://s.example/{place}")
        publish([Happened(mira.pk, entry.pk, "page_view")])
    expect(whole.locator(".fold-line").last).to_have_text("4 pages, 3 min: Page 0, Page 1, Page 2, …")
    pieces = whole.evaluate(STORY)
    told = json.dumps(pieces, ensure_ascii=False)
    assert '"Session 12:00–12:25, Web chat then WhatsApp, resolved"' in told
    assert '"Session 13:40–14:05, Web chat then WhatsApp"' in told
    assert "4 pages, 3 min: Page 0, Page 1, Page 2, …" in told
    assert "Created 12:30 → Paid 12:31 → Shipped 12:32" in told
    assert "3 changes: Ana marked a message as spam" in told
    from timeline import reading

    original = reading.timeline_page.__kwdefaults__["limit"]
    reading.timeline_page.__kwdefaults__["limit"] = 200
    try:
        once = whole.context.new_page()
        once.goto(whole.url)
        assert len(shown(once)) == 12 * 12 + 4
        assert once.evaluate(STORY) == pieces
    finally:
        reading.timeline_page.__kwdefaults__["limit"] = original


def test_fold_opens_and_a_link_into_it_opens_it(
    open_page: Callable[..., Page], mira: ChannelIdentity, say: Say
) -> None:
    seen = [
        say(mira, f"Page {n}", minute=n, kind="page_view", direction="none", detail={"url": "https://s.example/"})
        for n in range(5)
    ]
    page = open_page(f"/inbox/all/{mira.pk}/")
    line = page.get_by_role("button", name="5 pages, 4 min: Page 0, Page 1, Page 2, …")
    expect(page.locator(f"#e-{seen[2].pk}")).to_be_hidden()
    line.click()
    expect(page.locator(f"#e-{seen[2].pk}")).to_be_visible()
    expect(line).to_have_attribute("aria-expanded", "true")
    line.click()
    expect(page.locator(f"#e-{seen[2].pk}")).to_be_hidden()
    page.locator("#tl").focus()
    page.keyboard.press("k")
    expect(line).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f"#e-{seen[2].pk}")).to_be_visible()
    page.goto(f"/inbox/all/{mira.pk}/?entry={seen[3].pk}")
    expect(page.locator(f"#e-{seen[3].pk}")).to_be_visible()
    expect(page.locator(f"#e-{seen[3].pk} article")).to_be_focused()


def test_chip_narrows_the_story_and_stays_in_the_address(
    open_page: Callable[..., Page], mira: ChannelIdentity, say: Say
) -> None:
    message = say(mira, "Hello", minute=1)
    say(mira, "", minute=2, kind="order", direction="none", detail={"number": "1042", "state": "paid"})
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    expect(page.locator(".entry")).to_have_count(2)
    page.locator("#tl").focus()
    page.keyboard.press("f")
    page.get_by_role("link", name="Orders 1").click()
    expect(page.locator(f"#e-{message.pk}")).to_have_count(0)
    expect(page.locator(".entry")).to_have_count(1)
    assert page.url.endswith(f"/inbox/all/{mira.pk}/?show=orders")
    expect(page.get_by_role("link", name="Orders 1")).to_have_attribute("aria-current", "true")
    hidden = say(mira, "Where is it?", minute=3)
    publish([Happened(mira.pk, hidden.pk, "message")])
    paid = say(mira, "", minute=4, kind="order", direction="none", detail={"number": "1043", "state": "paid"})
    publish([Happened(mira.pk, paid.pk, "order")])
    expect(page.locator(f"#e-{paid.pk}")).to_have_count(1)
    expect(page.locator(f"#e-{hidden.pk}")).to_have_count(0)
    page.reload()
    expect(page.locator(".entry")).to_have_count(2)
    page.get_by_role("link", name="Everything").click()
    expect(page.locator(".entry")).to_have_count(4)


def test_keys_touch_two_entries_however_long_the_story(open_page: Callable[..., Page], mira: ChannelIdentity) -> None:
    """How long an answer takes is measured by `bench ui`; here, that a key's work does not grow with the story."""
    written = fill(mira, 1000)
    page = open_page(f"/inbox/all/{mira.pk}/")
    load_a_thousand(page)
    page.wait_for_timeout(500)
    page.locator("#tl").focus()
    page.keyboard.press("k")
    expect(page.locator(f"#e-{written[-1]} article")).to_be_focused()
    page.evaluate(
        """() => { window.touched = []; new MutationObserver(all => touched.push(...all.map(({target}) => target)))
        .observe(document.querySelector('#tl'), { subtree: true, childList: true, attributes: true }); }"""
    )
    keys = "kkkkkkkkkkkkkkkkkkkkjjjjjjjjjjkkkkkkkkkk"
    for key in keys:
        page.keyboard.press(key)
    expect(page.locator(f"#e-{written[-21]} article")).to_be_focused()
    page.wait_for_timeout(200)
    assert page.evaluate("touched.length") <= 4 * len(keys)
