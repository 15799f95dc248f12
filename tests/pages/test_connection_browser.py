"""What an agent sees and keeps when the session ends or the connection is gone, in Chromium."""

import os
import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from channels_ingest.models import SavedDraft
from profiles.models import ChannelIdentity, Role, StaffMember
from tests.pages.browsing import PASSWORD, LiveProcess, wait_until
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


def test_draft_that_the_ended_session_refused_is_kept_after_the_log_in(
    open_page: Callable[..., Page], mira: ChannelIdentity
) -> None:
    """The save carries the form's token of before the log-in."""
    page = open_page(f"/inbox/all/{mira.pk}/")
    page.locator("#answer").focus()
    expect(page.locator("#box[data-started]")).to_have_count(1)
    page.context.clear_cookies(name="sessionid")
    page.locator("#answer").fill("A long answer")
    page.get_by_role("dialog", name="Please log in again").get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#saved")).to_have_text("Draft saved")
    assert list(SavedDraft.objects.values_list("text", flat=True)) == ["A long answer"]


def test_draft_that_could_not_be_saved_when_its_customer_was_left_follows_and_waits_in_the_page(
    open_page: Callable[..., Page], mira: ChannelIdentity
) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    page.locator("#answer").focus()
    expect(page.locator("#box[data-started]")).to_have_count(1)
    page.route("**/draft/", lambda route: route.abort())
    page.locator("#answer").fill("A long answer")
    page.locator("#row-2001 a").click()
    expect(page.locator("#who")).to_have_text("Noah Smith")
    page.locator(f"#row-{mira.pk} a").click()
    expect(page.locator("#answer")).to_have_value("A long answer")
    page.locator("#row-2001 a").click()
    expect(page.locator("#who")).to_have_text("Noah Smith")
    assert not SavedDraft.objects.exists()
    page.unroute_all()
    wait_until(lambda: list(SavedDraft.objects.values_list("text", flat=True)) == ["A long answer"])


def test_part_that_was_refused_is_asked_for_again_and_never_becomes_the_page(
    open_page: Callable[..., Page], mira: ChannelIdentity
) -> None:
    page = open_page("/inbox/all/")
    expect(page.locator(".status-word")).to_have_text("Live")
    for part in ("composer", "side"):
        page.route(f"**/customers/*/{part}/**", lambda route: route.fulfill(status=401, body=""))
    page.locator(f"#row-{mira.pk} a").click()
    expect(page.get_by_role("link", name="Write an answer")).to_be_visible()
    page.unroute_all()
    page.evaluate("document.dispatchEvent(new Event('hub:back'))")
    expect(page.locator("#answer")).to_be_visible()
    assert page.url.endswith(f"/inbox/all/{mira.pk}/")


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
    log_in(other, agent)
    other.close()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(dialog).to_have_count(0)
    assert page.evaluate("hub.post('/live/ticket/').then(({status}) => status)") == 200


def test_page_of_one_is_gone_when_another_logs_in_in_the_same_browser(
    open_page: Callable[..., Page], mira: ChannelIdentity, agent: StaffMember
) -> None:
    ben = StaffMember.objects.create_staff("ben@example.com", role=Role.AGENT, password=PASSWORD, name="Ben Ode")
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.locator("#answer").fill("What only Ana should see")
    expect(page.locator("#saved")).to_have_text("Draft saved")
    page.locator("#answer").fill("What only Ana should see, all of it")
    page.context.clear_cookies(name="sessionid")
    other = page.context.new_page()
    log_in(other, ben)
    other.goto(f"/inbox/all/{mira.pk}/")
    for tab in (other, page):
        expect(tab.locator(f".shell[data-member='{ben.pk}'] #answer")).to_have_value("")
    assert list(SavedDraft.objects.values_list("author", flat=True)) == [agent.pk]


def log_in(page: Page, member: StaffMember) -> None:
    page.goto("/login/")
    page.get_by_label("E-mail").fill(member.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/inbox/**")


def test_offline_is_said_with_how_long(open_page: Callable[..., Page], mira: ChannelIdentity) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.context.set_offline(True)
    bar = page.locator("#offline-for")
    expect(bar).to_have_text(re.compile(r"^No connection for [2-9] s\. You can write; we send when it is back\.$"))
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()


def test_live_process_that_hangs_is_polled_around_and_found_again(
    open_page: Callable[..., Page], mira: ChannelIdentity, say: Say, live_process: LiveProcess
) -> None:
    page = open_page("/inbox/all/")
    page.clock.install()
    page.goto(f"/inbox/all/{mira.pk}/")
    page.clock.run_for(2000)
    status = page.locator(".status-word")
    expect(status).to_have_text("Live")
    os.kill(live_process.process.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: page.clock.run_for(5000) is None and status.inner_text() == "Every 20 s")
        expect(page.locator("#status")).to_have_attribute("title", re.compile("asks every 20 s", re.IGNORECASE))
        entry = say(mira, "while it hangs", minute=9)
        wait_until(lambda: page.clock.run_for(5000) is None and page.locator(f"#e-{entry.pk}").count() == 1)
    finally:
        os.kill(live_process.process.pid, signal.SIGCONT)
    wait_until(lambda: page.clock.run_for(2000) is None and status.inner_text() == "Live")
