"""Writing first, and a line's webhook address, in Chromium by keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from channels_ingest.accounts import connect
from profiles.models import ChannelIdentity, Role, StaffMember
from tests.pages.conftest import Born, Say

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Page]
TWILIO = {"auth_token": "t", "account_sid": "AC1", "from": "+12025550111"}


def test_conversation_with_a_new_number_starts_and_the_box_has_the_focus(open_page: Open, born: Born, say: Say) -> None:
    say(born("Mira Lind"), "Hello")
    connect("sms_twilio", name="Texts", values=TWILIO)
    page = open_page("/inbox/all/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.keyboard.press("+")
    expect(page.locator("#sheet input[name=q]")).to_be_focused()
    page.keyboard.type("+46701740699")
    expect(page.get_by_role("button", name="Write to +46701740699")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Nordlicht Shop")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Texts")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("Tomas")
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox/all/*/?to=*")
    identity = ChannelIdentity.objects.get(address="+46701740699")
    expect(page.locator("#who")).to_have_text("Tomas")
    expect(page.locator("#answer")).to_be_focused()
    chosen = page.locator("input[name=channel_identity]:checked")
    assert chosen.get_attribute("value") == str(identity.pk)


def test_webhook_address_is_two_steps_away_and_copied(
    open_page: Open, agent: StaffMember, born: Born, say: Say
) -> None:
    say(born("Mira Lind"), "Hello")
    agent.role = Role.ADMIN
    agent.save()
    account = connect("sms_twilio", name="A line", values=TWILIO)
    page = open_page("/inbox/all/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(page.locator(".status-word")).to_have_text("Live")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/settings/channels/")
    expect(page.get_by_text("Waiting for first event").first).to_be_visible()
    page.get_by_role("button", name="Copy the webhook URL of A line").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#announce")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").endswith(f"/webhooks/sms_twilio/{account.key}/")
