"""What an agent sees and keeps when the session ends or the connection is gone, in Chromium."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from profiles.models import ChannelIdentity, StaffMember
from tests.pages.browsing import PASSWORD
from tests.pages.conftest import Born, Say

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=False)]


@pytest.fixture
def mira(born: Born, say: Say) -> ChannelIdentity:
    say(born("Noah Smith"), "Hello", minute=-500)
    mira = born("Mira Lind")
    for number in range(3):
        say(mira, f"message {number}", minute=number)
    return mira


def test_session_that_ended_asks_over_the_page_and_goes_on(
    open_page: Callable[..., Page], mira: ChannelIdentity, agent: StaffMember
) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    page.locator("#answer").fill("A long answer")
    page.wait_for_load_state("networkidle")
    page.context.clear_cookies(name="sessionid")
    page.locator("#row-2001 a").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Please log in again")
    expect(dialog).to_be_visible()
    assert page.url.endswith(f"/inbox/all/{mira.pk}/")
    expect(dialog.get_by_label("E-mail")).to_have_value(agent.email)
    expect(dialog.get_by_label("Password")).to_be_focused()
    dialog.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("That e-mail and password do not go together.")
    dialog.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator("#who")).to_have_text("Noah Smith")
    page.go_back()
    expect(page.locator("#answer")).to_have_value("A long answer")


def test_log_in_in_another_tab_closes_the_dialog_and_old_tokens_are_renewed(
    open_page: Callable[..., Page], mira: ChannelIdentity, agent: StaffMember
) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.context.clear_cookies()
    assert page.evaluate("hub.post('/live/ticket/').then(() => 0, () => 0), 1") == 1
    dialog = page.get_by_role("dialog", name="Please log in again")
    expect(dialog).to_be_visible()
    other = page.context.new_page()
    other.goto("/login/")
    other.get_by_label("E-mail").fill(agent.email)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Log in").click()
    other.wait_for_url("**/inbox/**")
    other.close()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(dialog).to_have_count(0)
    assert page.evaluate("hub.post('/live/ticket/').then(({status}) => status)") == 200


def test_offline_is_said_with_how_long(open_page: Callable[..., Page], mira: ChannelIdentity) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.context.set_offline(True)
    bar = page.locator("#offline-for")
    expect(bar).to_have_text(re.compile(r"^No connection for [2-9] s\. You can write; we send when it is back\.$"))
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
