"""What an agent has not read yet, in Chromium: the line above it, the row, and the keys."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from profiles.models import ChannelIdentity, StaffMember
from tests.pages.browsing import wait_until
from tests.pages.conftest import Born, Say
from timeline.live import Happened, publish
from timeline.models import LastSeen
from timeline.unread import unread_counts

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=False)]


@pytest.fixture
def mira(born: Born, say: Say) -> ChannelIdentity:
    say(born("Noah Smith"), "Hello", minute=-500)
    mira = born("Mira Lind")
    for number in range(6):
        say(mira, f"message {number}", minute=number * 5)
    return mira


def test_news_stand_below_a_line_until_the_agent_leaves(
    open_page: Callable[..., Page], mira: ChannelIdentity, agent: StaffMember, say: Say
) -> None:
    page = open_page("/inbox/all/")
    row = page.locator(f"#row-{mira.pk}")
    expect(row.locator(".unread")).to_have_text(re.compile("^6"))
    row.click()
    line = page.locator("#tl .new-since")
    expect(line).to_have_text("6 new")
    expect(row.locator(".unread")).to_have_count(0)
    wait_until(lambda: unread_counts(agent, [mira.pk]) == {})
    entry = say(mira, "seen as it comes", minute=100)
    publish([Happened(mira.pk, entry.pk, "message")])
    expect(page.locator(f"#e-{entry.pk}")).to_be_visible()
    expect(line).to_have_text("6 new")
    wait_until(lambda: unread_counts(agent, [mira.pk]) == {})
    expect(row.locator(".unread")).to_have_count(0)
    page.goto("/inbox/all/")
    say(mira, "while away", minute=101)
    seen = LastSeen.objects.values_list().get()
    page.goto(f"/inbox/all/{mira.pk}/")
    expect(line).to_have_text(re.compile(r"^1 new since \d\d:\d\d"))
    wait_until(lambda: LastSeen.objects.values_list().get() != seen)
    seen = LastSeen.objects.values_list().get()
    page.reload()
    expect(page.locator("#tl .entry")).to_have_count(8)
    expect(line).to_have_count(0)
    page.wait_for_load_state("networkidle")
    assert LastSeen.objects.values_list().get() == seen


def test_keys_mark_unread_and_go_to_the_next(
    open_page: Callable[..., Page], mira: ChannelIdentity, agent: StaffMember
) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    wait_until(lambda: unread_counts(agent, [mira.pk]) == {})
    page.locator("#tl").focus()
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(page.locator(".entry").nth(4).locator("article")).to_be_focused()
    page.keyboard.press("Shift+U")
    expect(page.locator("#tl .new-since")).to_have_text("2 new")
    expect(page.locator(f"#row-{mira.pk} .unread")).to_have_text(re.compile("^2"))
    assert unread_counts(agent, [mira.pk]) == {mira.pk: 2}
    page.keyboard.press("u")
    expect(page.locator("#who")).to_have_text("Noah Smith")
    page.keyboard.press("u")
    expect(page.locator("#who")).to_have_text("Mira Lind")
    expect(page.locator("#tl .new-since")).to_have_text(re.compile("^2 new since"))
    wait_until(lambda: unread_counts(agent, [mira.pk]) == {})
    page.keyboard.press("u")
    expect(page.locator(".toast")).to_have_text("You have read everything")


def test_key_pressed_while_a_customer_is_on_the_way_goes_on_from_there(
    open_page: Callable[..., Page], mira: ChannelIdentity, agent: StaffMember
) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    on_the_way: list[Route] = []
    page.route("**/inbox/all/2001/", lambda route: on_the_way.append(route))
    page.keyboard.press("Shift+J")
    noah, hers = page.locator("#row-2001 a[aria-current]"), page.locator(f"#row-{mira.pk} a[aria-current]")
    expect(noah).to_have_count(1)
    expect(hers).to_have_count(0)
    page.keyboard.press("Shift+K")
    expect(hers).to_have_count(1)
    expect(noah).to_have_count(0)
    page.unroute_all()
    page.keyboard.press("Shift+J")
    expect(page.locator("#who")).to_have_text("Noah Smith")
    expect(noah).to_have_count(1)
    page.route("**/inbox/all/2002/", lambda route: route.abort())
    page.keyboard.press("Shift+K")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    expect(noah).to_have_count(1)


def test_what_comes_while_the_agent_reads_above_is_marked(
    open_page: Callable[..., Page], mira: ChannelIdentity, agent: StaffMember, say: Say
) -> None:
    for number in range(60):
        say(mira, f"later {number}", minute=200 + number)
    page = open_page(f"/inbox/all/{mira.pk}/")
    wait_until(lambda: unread_counts(agent, [mira.pk]) == {})
    page.evaluate("document.querySelector('#tl').scrollTop = -700")
    entry = say(mira, "below", minute=400)
    publish([Happened(mira.pk, entry.pk, "message")])
    expect(page.locator("#pill")).to_have_text("1 new, WhatsApp")
    assert unread_counts(agent, [mira.pk]) == {mira.pk: 1}
    page.keyboard.press("Shift+G")
    wait_until(lambda: unread_counts(agent, [mira.pk]) == {})
