"""Consent, doubts, blocks and spam in Chromium: asked in a dialog, done, and seen on the page at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from profiles.consent import Purpose, address_state
from profiles.models import ChannelIdentity
from tests.channels_ingest.saying import Customer, account, failure, put

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=False)]


@pytest.fixture
def mira(db: None) -> Customer:
    """She wrote on two channels, and in two ways that she wants no more."""
    texts = Customer(account("sms", "Shop texts"))
    mails = Customer(account("email", "Shop mail"), "mira@home.example")
    texts.writes("Where is my parcel?", 0, key="t0")
    texts.gets("It is on its way.", 1, key="t1")
    put(texts.line, failure("t1", 2, 21610))
    texts.writes("please stop texting me", 3, key="t3")
    mails.writes("You won a prize", 4, key="e4", detail={"verdict": {"spam": True}})
    mails.writes("unsubscribe", 5, key="e5")
    mails.writes("Where is my parcel now?", 6, key="e6")
    ChannelIdentity.objects.filter(pk=mails.identity.pk).update(profile_id=texts.identity.profile_id)
    from timeline.queue import refold

    refold([texts.identity.profile_id, mails.identity.pk])
    return texts


def test_doubt_is_decided_in_a_dialog(open_page: Callable[..., Page], mira: Customer) -> None:
    page = open_page(f"/inbox/all/{mira.identity.profile_id}/", height=1400)
    expect(page.locator(".status-word")).to_have_text("Live")
    side = page.locator("#side")
    expect(side.get_by_text("perhaps an opt-out (")).to_be_visible()
    expect(side.get_by_text("marketing no (")).to_be_visible()
    side.get_by_role("link", name="Decide …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What did they say?").select_option("nothing")
    dialog.get_by_label("Where and when did they say so?").fill("She told me on the phone")
    dialog.get_by_role("button", name="Write it down").click()
    expect(side.get_by_text("no messages (entered by your team")).to_be_visible()
    expect(side.get_by_text("perhaps an opt-out (")).to_have_count(0)
    assert address_state(mira.identity, Purpose.SERVICE).code == "opted_out"


def test_sender_is_blocked_and_unblocked(open_page: Callable[..., Page], mira: Customer) -> None:
    page = open_page(f"/inbox/all/{mira.identity.profile_id}/", height=1400)
    expect(page.locator(".status-word")).to_have_text("Live")
    page.locator("#side-reach .fold summary").first.click()
    page.locator("#side").get_by_role("link", name="Block …").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("All addresses of this customer").check()
    dialog.get_by_role("button", name="Block").click()
    expect(page.locator("#side").get_by_role("link", name="Unblock …")).to_have_count(2)
    expect(page.get_by_text("Ana Duarte blocked this address").first).to_be_visible()
    page.goto("/inbox/spam/")
    expect(page.locator(f"#row-{mira.identity.profile_id}")).to_be_visible()
    page.goto("/inbox/all/")
    expect(page.locator(f"#row-{mira.identity.profile_id}")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1440])
def test_it_fits_on_a_phone(open_page: Callable[..., Page], mira: Customer, width: int) -> None:
    page = open_page(f"/inbox/all/{mira.identity.profile_id}/", width=width, height=1400)
    if width < 1000:
        page.get_by_role("button", name="Customer details").click()
    expect(page.locator("#side").get_by_text("perhaps an opt-out (")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
