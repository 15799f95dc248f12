"""Panes as wide as an agent wants them, or away; the next page is made so."""

from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from profiles.models import ChannelIdentity
from tests.pages.conftest import Born, Say


@pytest.fixture
def mira(born: Born, say: Say) -> ChannelIdentity:
    mira = born("Mira Lind")
    say(mira, "Where is it?")
    return mira


@pytest.mark.django_db
def test_widths_come_as_a_sheet_of_their_own_that_never_changes(pages: Client, mira: ChannelIdentity) -> None:
    path = f"/inbox/all/{mira.pk}/"
    assert "/panes/" not in pages.get(path).content.decode()
    pages.cookies["panes"] = "300.400.s"
    page = pages.get(path).content.decode()
    assert 'href="/panes/300.400.css"' in page
    assert 'class="shell no-side"' in page
    sheet = Client().get("/panes/300.400.css")
    assert sheet.content == b":root{--queue:300px;--side:400px}"
    assert (sheet["Content-Type"], sheet["Cache-Control"]) == ("text/css", "public, max-age=31536000, immutable")


@pytest.mark.django_db
@pytest.mark.parametrize("odd", ["", "300", "999.400.", "300.400.<b>", "300.400.sq", "300.400.qs\n"])
def test_odd_cookie_says_nothing(pages: Client, mira: ChannelIdentity, odd: str) -> None:
    pages.cookies["panes"] = odd
    page = pages.get(f"/inbox/all/{mira.pk}/").content.decode()
    assert "/panes/" not in page
    assert 'class="shell"' in page


def test_widths_that_no_pane_has_are_no_sheet(client: Client) -> None:
    assert client.get("/panes/100.400.css").status_code == 404
    assert client.get("/panes/300.99999999999999999999.css").status_code == 404


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, serialized_rollback=False)
def test_dividers_are_dragged_and_moved_by_keys_and_the_next_page_is_made_so(
    open_page: Callable[..., Page], mira: ChannelIdentity
) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    queue, side = page.locator("#rows"), page.locator("#side")

    def width(of: str) -> float:
        measured: float = page.evaluate(f"document.querySelector('{of}').getBoundingClientRect().width")
        return measured

    assert (width(".queue"), width("#side")) == (320, 320)
    page.locator("#tl").click()
    page.wait_for_function("hub.load('panes').then(() => true)")
    divider = page.get_by_role("separator", name="Width of the queue")
    box = divider.bounding_box()
    assert box
    page.mouse.move(box["x"] + 4, 400)
    page.mouse.down()
    page.mouse.move(box["x"] + 64, 400, steps=4)
    page.mouse.up()
    assert width(".queue") == 380
    other = page.get_by_role("separator", name="Width of the customer details")
    other.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert width("#side") == 352
    expect(other).to_have_attribute("aria-valuenow", "352")
    page.keyboard.press("End")
    assert width("#side") == 520
    page.locator("#tl").focus()
    page.keyboard.press("]")
    expect(side).to_be_hidden()
    page.keyboard.press("[")
    expect(queue).to_be_hidden()
    page.reload()
    expect(page.locator("#answer")).to_be_visible()
    expect(side).to_be_hidden()
    expect(queue).to_be_hidden()
    page.locator("#tl").focus()
    page.keyboard.press("[")
    expect(queue).to_be_visible()
    page.get_by_role("button", name="Customer details").click()
    expect(side).to_be_visible()
    assert (width(".queue"), width("#side")) == (380, 520)
    page.screenshot(path="/tmp/story_panes.png")
