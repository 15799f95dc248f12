"""The panel in Chromium: it keeps up with the customer and stays as the agent left it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from profiles.models import ChannelAccount, ChannelIdentity
from tests.pages.conftest import NOON, Born, Say
from timeline.live import Happened, publish

AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe-4.14.1.min.js"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=False)]


@pytest.fixture
def mira(born: Born, say: Say) -> ChannelIdentity:
    """Somebody who asked by mail, answers by WhatsApp, and browses."""
    shop = ChannelAccount.objects.create(provider="trusted_server", channel="store", name="shop")
    mails = ChannelAccount.objects.create(provider="email_mime", channel="email", name="Help")
    mira = born("Mira Lind", address="4915112345678")
    by_mail = born("", account=mails, profile=mira.profile, address="mira@example.com")
    bought = born("", account=shop, profile=mira.profile, address="42", reply_refusal="store")
    say(by_mail, "Where is my order 1042?", minute=0)
    say(bought, kind="order", direction="none", minute=1, detail={"number": "1042", "state": "cancelled"})
    say(mira, "Where is my order 1042??", minute=30)
    return mira


def tell(sender: ChannelIdentity, say: Say, text: str) -> None:
    """Another message comes in while the page is open."""
    entry = say(sender, text, minute=(timezone.now() - NOON).total_seconds() / 60)
    publish([Happened(sender.profile_id, entry.pk, "message")])


def test_panel_says_what_is_open_and_leads_there(open_page: Callable[..., Page], mira: ChannelIdentity) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/", height=1400)
    brief = page.locator(".brief")
    expect(brief.locator("li")).to_have_count(4)
    expect(brief).to_contain_text("Order 1042: cancelled")
    expect(page.locator("#side-reach")).to_contain_text("window closed")
    brief.get_by_role("link").first.click()
    page.wait_for_url("**/?entry=*")
    expect(page.locator(".entry article:focus")).to_contain_text("Where is my order 1042?")


def test_new_message_refreshes_the_panel_and_nothing_is_folded_or_loses_the_focus(
    open_page: Callable[..., Page], mira: ChannelIdentity, say: Say
) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/", height=1400)
    expect(page.locator(".status-word")).to_have_text("Live")
    expect(page.locator(".brief li")).to_have_count(4)
    page.locator("#side-orders").click()
    expect(page.locator("[data-fold=orders]")).not_to_have_attribute("open", "")
    page.locator("#side-reach .fold summary").first.click()
    link = page.locator(".brief a").first
    link.focus()
    tell(mira, say, "Is there a shop in Berlin?")
    expect(page.locator(".brief")).to_contain_text("Is there a shop in Berlin?")
    expect(page.locator("#side-reach")).to_contain_text("left")
    expect(link).to_be_focused()
    expect(page.locator("#side-reach .fold[open]")).to_have_count(1)
    expect(page.locator("[data-fold=orders]")).not_to_have_attribute("open", "")
    page.reload()
    expect(page.locator("[data-fold=facts][open]")).to_be_visible()
    expect(page.locator("[data-fold=orders]")).not_to_have_attribute("open", "")
    page.locator("#side-orders").click()
    page.reload()
    expect(page.locator("[data-fold=orders][open]")).to_be_visible()


def test_agent_adds_a_fact_in_a_dialog_and_takes_it_back_by_a_key(
    open_page: Callable[..., Page], mira: ChannelIdentity
) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/", height=1400)
    page.get_by_role("link", name="Add a fact …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What?").fill("Shoe size")
    dialog.get_by_label("Value").fill("41 ½")
    dialog.get_by_role("button", name="Write it down").click()
    expect(page.locator(".facts")).to_contain_text("41 ½")
    page.locator("#tl").focus()
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text("Undone")
    expect(page.locator("#side-parts")).not_to_contain_text("41 ½")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1024, "light")])
def test_panel_is_a_sheet_on_small_screens(
    open_page: Callable[..., Page], mira: ChannelIdentity, width: int, scheme: str
) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/", width=width, height=900, scheme=scheme)
    expect(page.locator("#side")).to_be_hidden()
    page.locator("#tl").focus()
    page.keyboard.press("]")
    expect(page.locator(".side-close")).to_be_focused()
    expect(page.locator(".brief li")).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("#side").evaluate("side => side.scrollWidth <= side.clientWidth")
    page.locator("#side-identity").scroll_into_view_if_needed()
    expect(page.locator("#side-identity")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("#side")).to_be_hidden()
    expect(page.locator(".side-toggle")).to_be_focused()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_panel_is_accessible(
    open_page: Callable[..., Page], mira: ChannelIdentity, say: Say, width: int, scheme: str
) -> None:
    for minute, score in enumerate((5, 1)):
        shop = ChannelIdentity.objects.get(address="42")
        say(shop, "Slow", kind="survey", direction="none", minute=60 + minute, detail={"score": score, "of": 5})
    page = open_page(f"/inbox/all/{mira.pk}/", width=width, height=1400, scheme=scheme)
    if width < 1000:
        page.get_by_role("button", name="Customer details").click()
    expect(page.locator("#side-satisfaction")).to_be_visible()
    page.locator("#side-reach .fold summary").first.click()
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "axe.run('#side').then(({violations}) => violations.map(({id, nodes}) => [id, nodes[0].html]))"
    )
    assert found == []
