"""The reply box in Chromium when something else happens meanwhile: other tabs, the customer's STOP, a slow network."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from channels_ingest.accounts import connect
from channels_ingest.models import SavedDraft
from profiles.models import ChannelIdentity
from tests.channels_ingest.saying import Customer
from tests.pages.browsing import wait_until
from tests.pages.conftest import NOON, Born, Say
from tests.pages.test_writing_browser import mira, open_box, path_of
from timeline.models import Entry, QueueRow

__all__ = ["mira", "open_box"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Page]


def now() -> float:
    return (timezone.now() - NOON).total_seconds() / 60


def drop(page: Page, files: str) -> None:
    """Files, as JavaScript makes them, are carried over the timeline and fall there."""
    page.evaluate("document.querySelector('#tl').dispatchEvent(new DragEvent('dragenter', { bubbles: true }))")
    expect(page.locator("#box[data-started]")).to_have_count(1)
    page.evaluate(f"""() => {{
      const dataTransfer = new DataTransfer();
      for (const file of {files}) dataTransfer.items.add(file);
      const event = new DragEvent("drop", {{ dataTransfer, bubbles: true, cancelable: true }});
      window.isLeft = document.querySelector("#tl").dispatchEvent(event);
    }}""")


def test_one_chord_sends_resolves_and_opens_the_next(
    open_box: Open, mira: ChannelIdentity, born: Born, say: Say
) -> None:
    say(born("Jonas Weber", account=mira.account), "Hello", minute=now() - 5)
    page = open_box()
    page.locator("#answer").focus()
    page.keyboard.type("It is in Hamburg.")
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator("#who")).to_have_text("Jonas Weber")
    wait_until(lambda: QueueRow.objects.get(profile_id=mira.profile_id).resolved_at is not None)
    assert Entry.objects.get(direction="out").text == "It is in Hamburg."


def test_chord_that_cannot_send_resolves_nobody(open_box: Open, mira: ChannelIdentity, born: Born, say: Say) -> None:
    page = open_box()
    page.locator("#answer").focus()
    page.keyboard.type("It is in Hamburg.")
    page.route("**/answer/", lambda route: route.abort())
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator("#said")).to_contain_text("No connection")
    expect(page.locator("#answer")).to_have_value("It is in Hamburg.")
    assert QueueRow.objects.get(profile_id=mira.profile_id).resolved_at is None


def test_chips_are_one_step_back_from_the_text_and_escape_keeps_the_draft(
    open_box: Open, mira: ChannelIdentity
) -> None:
    page = open_box()
    page.locator("#answer").focus()
    page.keyboard.type("A long story")
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#reach input:checked")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#send-word")).to_have_text("Send on E-mail")
    expect(page.locator("#subject")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#tl")).to_be_focused()
    expect(page.locator("#answer")).to_have_value("A long story")
    assert SavedDraft.objects.get().text == "A long story"


def test_first_click_of_all_on_an_icon_does_what_it_says(open_box: Open) -> None:
    page = open_box()
    page.get_by_title("Templates", exact=True).click()
    expect(page.get_by_role("heading", name="Templates of Nordlicht Shop")).to_be_visible()
    expect(page.locator("#box[data-started]")).to_have_count(1)


def test_two_tabs_write_one_draft_and_send_it_once(open_box: Open, mira: ChannelIdentity) -> None:
    first = open_box()
    second = first.context.new_page()
    second.goto(path_of(mira))
    expect(second.locator(".status-word")).to_have_text("Live")
    first.locator("#answer").focus()
    first.keyboard.type("From the first tab")
    expect(second.locator("#answer")).to_have_value("From the first tab")
    second.locator("#answer").focus()
    second.keyboard.press("End")
    second.keyboard.type(", and the second")
    expect(first.locator("#answer")).to_have_value("From the first tab, and the second")
    second.keyboard.press("Control+Enter")
    expect(first.locator("#answer")).to_have_value("")
    expect(first.locator("#send")).to_be_disabled()
    expect(first.locator(".entry.out:not(.pending)")).to_have_count(1)
    assert Entry.objects.get(direction="out").text == "From the first tab, and the second"


def test_stop_that_arrives_while_writing_closes_the_address_and_keeps_the_text(
    open_page: Open, settings: Any, live_server: Any
) -> None:
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = live_server.url
    line = connect("sms_twilio", name="Texts", values={"auth_token": "t"})
    mira = Customer(line, "+12025550133")
    mira.writes("Where is my parcel?", 0)
    page = open_page(path_of(mira.identity))
    expect(page.locator("#send-word")).to_have_text("Send on SMS")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.locator("#answer").focus()
    page.keyboard.type("Your parcel")
    mira.writes("STOP", 1)
    expect(page.locator("#reach .about:visible")).to_contain_text("opted out of all messages")
    expect(page.locator("#send")).to_be_disabled()
    expect(page.locator("#answer")).to_have_value("Your parcel")
    expect(page.locator("#answer")).to_be_focused()
    expect(page.locator("#announce")).to_contain_text("opted out of all messages")
    page.keyboard.press("Control+Enter")
    assert not Entry.objects.filter(direction="out").exists()


def test_files_where_none_can_go_are_told_and_the_page_stays(open_box: Open) -> None:
    page = open_box()
    page.keyboard.press("n")
    expect(page.get_by_role("button", name="Add note")).to_be_visible()
    drop(page, "[new File(['a'], 'a.txt')]")
    expect(page.locator("#said")).to_have_text("A note carries no files.")
    assert page.evaluate("isLeft") is False


def test_twelve_files_are_ten_and_what_is_too_big_never_sets_out(open_box: Open) -> None:
    page = open_box()
    film = "new File([new Uint8Array(26 * 1024 * 1024 + 1)], 'film.mp4')"
    lists = "Array.from({ length: 12 }, (_, n) => new File(['a,b'], `list${n}.txt`, { type: 'text/plain' }))"
    drop(page, f"[{film}, ...{lists}]")
    expect(page.locator("#said")).to_contain_text("film.mp4 is too big: 25 MB are the most.")
    expect(page.locator("#said")).to_contain_text("A message takes 10 files at most.")
    expect(page.locator("#files li:not(.busy)")).to_have_count(10)
    expect(page.locator("#send")).to_be_enabled()


def test_slow_answer_shows_the_message_at_once_and_the_box_writes_on(open_box: Open) -> None:
    page = open_box()
    waiting: list[Route] = []
    page.route("**/answer/", lambda route: waiting.append(route))
    page.locator("#answer").focus()
    page.keyboard.type("First")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".entry.pending")).to_contain_text("Sending")
    page.keyboard.type("Second")
    expect(page.locator("#answer")).to_have_value("Second")
    wait_until(lambda: page.wait_for_timeout(20) is None and len(waiting) == 1)
    waiting[0].continue_()
    expect(page.locator(".entry.pending")).to_have_count(0)
    expect(page.locator(".entry.out:not(.pending)")).to_have_count(1)
    expect(page.locator("#answer")).to_have_value("Second")
