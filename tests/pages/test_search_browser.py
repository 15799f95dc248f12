"""Search in Chromium, by keyboard alone, and a timeline that is open in the middle of its history."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from profiles.models import ChannelIdentity, Trait
from tests.pages.conftest import NOON, Born, Say
from timeline.live import Happened, publish

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=False)]
Open = Callable[..., Page]


@pytest.fixture
def mira(born: Born, say: Say) -> ChannelIdentity:
    """A customer with 130 messages, the 40th about an umbrella."""
    mira = born("Mira Lind")
    Trait.objects.create(
        channel_identity=mira, name="name", value="Mira Lind", source="profile", first_seen=NOON, last_seen=NOON
    )
    for number in range(130):
        say(mira, "Where is my umbrella?" if number == 40 else f"message {number}", minute=number * 30)
    return mira


def test_message_is_found_and_opened_by_keyboard(open_page: Open, mira: ChannelIdentity) -> None:
    entry = mira.entries.get(text__contains="umbrella")
    page = open_page("/inbox/all/")
    page.keyboard.press("/")
    expect(page.locator("#sheet #q")).to_be_focused()
    expect(page.locator("#sheet")).to_contain_text("Recently active")
    page.keyboard.type("umbr")
    expect(page.locator("#sheet mark")).to_have_text("umbrella")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#sheet [data-hit]").first).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("#sheet #q")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/inbox/all/{mira.pk}/?entry={entry.pk}#e-{entry.pk}")
    expect(page.locator(f"#e-{entry.pk} article")).to_be_focused()
    expect(page.locator(".entry")).to_have_count(50)
    expect(page.locator(f"#e-{entry.pk}")).to_be_in_viewport()


def test_what_is_typed_before_the_box_is_there_is_not_lost(open_page: Open, mira: ChannelIdentity) -> None:
    page = open_page("/inbox/all/")
    page.route("**/search/", lambda route: (page.wait_for_timeout(700), route.continue_()))
    page.keyboard.press("/")
    page.keyboard.type("umbrella")
    expect(page.locator("#sheet #q")).to_have_value("umbrella")
    expect(page.locator("#sheet mark")).to_have_text("umbrella")


def test_key_waits_for_the_scripts_that_are_on_their_way(open_page: Open, mira: ChannelIdentity) -> None:
    page = open_page("/inbox/all/")
    page.route("**/vendor/htmx-*", lambda route: (page.wait_for_timeout(700), route.continue_()))
    page.goto("/inbox/waiting/", wait_until="commit")
    while not page.evaluate("() => Boolean(window.hub)"):
        page.wait_for_timeout(10)
    page.keyboard.press("/")
    page.keyboard.type("umbrella")
    expect(page.locator("#sheet #q")).to_have_value("umbrella")
    assert page.url.endswith("/inbox/waiting/")


def test_page_of_results_by_keyboard_and_back(open_page: Open, mira: ChannelIdentity) -> None:
    page = open_page("/inbox/all/")
    page.keyboard.press("/")
    expect(page.locator("#sheet #q")).to_be_focused()
    page.keyboard.type("message")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=message")
    expect(page.locator("#found [data-hit]")).to_have_count(25)
    page.get_by_role("button", name="More messages").click()
    expect(page.locator("#found [data-hit]")).to_have_count(50)
    page.locator("#q").press("ArrowDown")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#found [data-hit]").nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/inbox/all/{mira.pk}/?entry=*")
    page.go_back()
    page.wait_for_url("**/search/?q=message")


def test_newer_entries_follow_without_a_jump_and_what_comes_meanwhile_is_no_gap(
    open_page: Open, mira: ChannelIdentity, say: Say
) -> None:
    entry = mira.entries.get(text__contains="umbrella")
    page = open_page(f"/inbox/all/{mira.pk}/?entry={entry.pk}")
    expect(page.locator(".status-word")).to_have_text("Live")
    ids = page.locator("#tl-in .entry").evaluate_all("all => all.map(({ id }) => id)")
    late = say(mira, "are you there?", minute=130 * 30)
    publish([Happened(mira.profile_id, late.pk, "message")])
    expect(page.locator("#pill")).to_contain_text("1 new")
    assert page.locator("#tl-in .entry").evaluate_all("all => all.map(({ id }) => id)") == ids
    place = page.locator(f"#e-{entry.pk}").bounding_box()
    page.get_by_role("button", name="Load newer").dispatch_event("click")  # scrolled to, it is pressed by itself
    expect(page.locator(".entry")).to_have_count(100)
    assert page.locator(f"#e-{entry.pk}").bounding_box() == place
    page.keyboard.press("Shift+G")
    page.wait_for_url(f"**/inbox/all/{mira.pk}/")
    expect(page.locator(".entry").last).to_contain_text("are you there?")
    expect(page.locator("#newer")).to_have_count(0)
