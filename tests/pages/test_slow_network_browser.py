"""A network that is slow, holds requests up or loses answers: nothing doubled, nothing lost, and words for it."""

import contextlib
from collections.abc import Callable

import pytest
from playwright.sync_api import Error, Page, Route, expect

from channels_ingest.models import SavedDraft
from profiles.models import ChannelIdentity
from tests.pages.browsing import wait_until
from tests.pages.test_writing_browser import mira, open_box
from timeline.models import Entry

__all__ = ["mira", "open_box"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Page]


def slowly(page: Page) -> None:
    """400 ms each way and 50 kB/s."""
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000},
    )


def pressed(page: Page, text: str) -> None:
    page.locator("#answer").focus()
    page.keyboard.type(text)
    page.keyboard.press("Control+Enter")


def the_answers() -> list[str]:
    return list(Entry.objects.filter(direction="out").order_by("id").values_list("text", flat=True))


def test_slow_network_sends_once_and_assigns_once_however_often_the_key_is_pressed(
    open_box: Open, mira: ChannelIdentity
) -> None:
    page = open_box()
    slowly(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("a")
    page.keyboard.press("a")
    expect(page.locator(".toast")).to_contain_text("Yours now")
    expect(page.locator(".act.is-on").first).to_contain_text("Yours")
    pressed(page, "It is in Hamburg.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".entry.out:not(.pending)")).to_have_count(1)
    assert the_answers() == ["It is in Hamburg."]
    assert [url.rsplit("/", 3)[1:3] for url in asked].count(["work", "assign"]) == 1
    expect(page.locator(".toast")).to_contain_text("Yours now")  # and can still be taken back


def test_answer_that_hangs_is_asked_for_again_and_is_one_message(open_box: Open, mira: ChannelIdentity) -> None:
    page = open_box()
    page.locator("#answer").focus()
    expect(page.locator("#box[data-started]")).to_have_count(1)
    hanging: list[Route] = []
    page.evaluate("AbortSignal.patient = AbortSignal.timeout; AbortSignal.timeout = () => AbortSignal.patient(500)")
    page.route("**/answer/", lambda route: hanging.append(route))
    pressed(page, "It is in Hamburg.")
    expect(page.locator(".entry.pending .meta")).to_contain_text("Waits")
    page.evaluate("AbortSignal.timeout = AbortSignal.patient")
    page.unroute("**/answer/")
    expect(page.locator(".entry.out:not(.pending)")).to_have_count(1)
    expect(page.locator(".entry.pending")).to_have_count(0)
    assert the_answers() == ["It is in Hamburg."]


def test_text_that_was_changed_after_a_lost_answer_is_told_of_and_follows(open_box: Open) -> None:
    """The first was sent; nobody told the page."""
    page = open_box()

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/answer/", lose)
    pressed(page, "It is in Hamburg.")
    expect(page.locator("#said")).to_contain_text("No connection")
    page.unroute("**/answer/")
    page.keyboard.type(" Tomorrow it is with you.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#said")).to_contain_text("An earlier form of this message was sent after all")
    assert the_answers() == ["It is in Hamburg."]
    page.keyboard.press("Control+Enter")
    expect(page.locator("#answer")).to_have_value("")
    wait_until(lambda: the_answers() == ["It is in Hamburg.", "It is in Hamburg. Tomorrow it is with you."])


def test_older_draft_that_hangs_does_not_overwrite_the_newer(open_box: Open) -> None:
    page = open_box()
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        held.append(route)
        if len(held) > 1:
            route.continue_()

    page.route("**/draft/", hold_the_first)
    page.locator("#answer").focus()
    page.keyboard.type("Half")
    wait_until(lambda: page.wait_for_timeout(20) is None and len(held) == 1)
    page.keyboard.type(" and whole")
    wait_until(lambda: page.wait_for_timeout(20) is None and saved() == ["Half and whole"])
    with contextlib.suppress(Error):  # it was given up
        held[0].continue_()
    page.reload()
    expect(page.locator("#answer")).to_have_value("Half and whole")
    assert saved() == ["Half and whole"]


def saved() -> list[str]:
    return list(SavedDraft.objects.values_list("text", flat=True))


def test_reply_box_that_was_lost_comes_with_the_connection(open_page: Open, mira: ChannelIdentity) -> None:
    page = open_page("/inbox/all/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.route("**/composer/", lambda route: route.abort())
    page.locator(f"#row-{mira.profile_id} a").click()
    expect(page.get_by_role("link", name="Write an answer")).to_be_visible()
    expect(page.locator("#offline")).to_be_visible()
    page.unroute("**/composer/")
    expect(page.locator("#answer")).to_be_visible()
    expect(page.locator("#offline")).to_be_hidden()
