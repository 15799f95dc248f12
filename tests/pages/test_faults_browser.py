"""What fails is said where it was asked, with a way to ask again, and what was written stays."""

import re
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, Route, expect

from channels_ingest.writing.models import Snippet
from profiles.models import ChannelIdentity, StaffMember
from tests.pages.conftest import PASSWORD, Born, Say
from timeline.models import QueueRow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=False)]

LOST = "No connection: it did not get there. What you wrote is still here."
SERVER = "Something went wrong on our side. What you wrote is still here."


@pytest.fixture
def mira(born: Born, say: Say) -> ChannelIdentity:
    say(born("Noah Smith"), "Hello", minute=-500)
    mira = born("Mira Lind")
    say(mira, "Where is my order?")
    return mira


def _opened(open_page: Callable[..., Page], mira: ChannelIdentity) -> Page:
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator("#answer")).to_be_visible()
    expect(page.locator(".status-word")).to_have_text("Live")
    page.locator("#tl").click()
    return page


def _refuse(route: Route) -> None:
    route.fulfill(status=502, body="<h1>Bad gateway</h1>", headers={"X-Request-ID": "0123456789ab"})


def test_button_whose_post_is_lost_says_so_and_can_be_pressed_again(
    open_page: Callable[..., Page], mira: ChannelIdentity, agent: StaffMember
) -> None:
    page = _opened(open_page, mira)
    page.route("**/work/assign/", lambda route: route.abort())
    page.keyboard.press("a")
    fault = page.locator(".fault")
    expect(fault.locator("p")).to_have_text(LOST)
    assert page.url.endswith(f"/inbox/all/{mira.pk}/")
    page.unroute("**/work/assign/")
    page.evaluate("part => { part.innerHTML = part.innerHTML; htmx.process(part); }", page.query_selector("#acts-now"))
    fault.get_by_role("button", name="Try again").click()
    expect(page.locator(".toast.success")).to_contain_text("Mira Lind")
    expect(fault).to_have_count(0)
    assert QueueRow.objects.get(pk=mira.pk).assignee == agent


def test_sheet_keeps_what_was_written_and_names_the_request(
    open_page: Callable[..., Page], mira: ChannelIdentity
) -> None:
    page = _opened(open_page, mira)
    page.keyboard.press("t")
    sheet = page.locator("#sheet")
    sheet.get_by_label("Add a tag").fill("delivery")
    page.route("**/work/tag/", _refuse)
    page.keyboard.press("Enter")
    expect(sheet.locator(".fault").locator("p")).to_have_text(f"{SERVER} Request 0123456789ab")
    expect(sheet.get_by_label("Add a tag")).to_have_value("delivery")
    page.unroute("**/work/tag/")
    sheet.get_by_role("button", name="Try again").click()
    expect(sheet).to_be_hidden()
    assert QueueRow.objects.get(pk=mira.pk).tags == ["delivery"]


def test_customer_who_cannot_be_opened_leaves_the_open_one(
    open_page: Callable[..., Page], mira: ChannelIdentity
) -> None:
    page = _opened(open_page, mira)
    page.locator("#answer").fill("Half an answer")
    page.route("**/inbox/all/2001/**", _refuse)
    page.locator("#row-2001 a").click()
    expect(page.locator(".fault")).to_contain_text("Something went wrong on our side.")
    expect(page.locator("#answer")).to_have_value("Half an answer")
    page.unroute("**/inbox/all/2001/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#who")).to_have_text("Noah Smith", timeout=15_000)


def test_pin_that_failed_is_said_and_made_good(open_page: Callable[..., Page], mira: ChannelIdentity) -> None:
    page = _opened(open_page, mira)
    page.route("**/pin/", lambda route: route.abort())
    page.locator("#tl article").first.focus()
    page.wait_for_function("hub.load('story').then(() => true)")
    page.keyboard.press("p")
    expect(page.locator(".fault").locator("p")).to_have_text(LOST)
    page.unroute("**/pin/")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#pins li")).to_have_count(1)


def test_question_in_a_sheet_keeps_its_answer_and_then_goes_on(
    open_page: Callable[..., Page], mira: ChannelIdentity
) -> None:
    page = _opened(open_page, mira)
    expect(page.locator("#side-facts")).to_be_visible()
    page.get_by_role("link", name="Add a fact …").click()
    sheet = page.locator("#sheet")
    sheet.get_by_label("What").fill("City")
    sheet.get_by_label("Value").fill("Galway")
    page.route("**/facts/", _refuse)
    sheet.get_by_role("button", name="Write it down").click()
    expect(sheet.locator(".fault")).to_contain_text("Request 0123456789ab")
    expect(sheet.get_by_label("Value")).to_have_value("Galway")
    page.unroute("**/facts/")
    sheet.get_by_role("button", name="Try again").click()
    expect(page.locator("#side-parts")).to_contain_text("Galway")
    expect(page.locator(".toast")).to_be_visible()


def _snippet_begun(open_page: Callable[..., Page]) -> Page:
    page = open_page("/snippets/")
    page.get_by_label("Name", exact=True).press_sequentially("shipping")  # the first key fetches what says faults
    page.get_by_label("Text").fill("It left us this morning.")
    page.wait_for_function("hub.load('faults').then(() => true)")
    return page


def test_form_of_a_page_keeps_what_was_written_and_then_goes_on(open_page: Callable[..., Page]) -> None:
    page = _snippet_begun(open_page)
    page.route("**/snippets/", _refuse)
    keep = page.get_by_role("button", name="Save")
    keep.click()
    expect(page.locator(".fault")).to_contain_text("Request 0123456789ab")
    expect(page.get_by_label("Text")).to_have_value("It left us this morning.")
    page.unroute("**/snippets/")
    page.route("**/snippets/", lambda route: route.abort())
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".fault p")).to_have_text(LOST)
    page.unroute("**/snippets/")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".toast")).to_contain_text("The snippet is kept.")
    expect(page.locator(".members")).to_contain_text("It left us this morning.")
    assert Snippet.objects.get().text == "It left us this morning."


def test_form_of_a_page_that_is_wrong_says_so_in_its_place(open_page: Callable[..., Page], agent: StaffMember) -> None:
    Snippet.objects.create(owner=agent, name="shipping", text="Soon.")
    page = _snippet_begun(open_page)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".field-error")).to_have_text("There is one of this name and language already.")
    expect(page.get_by_label("Text")).to_have_value("It left us this morning.")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.get_by_label("Name", exact=True).fill("delivery")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("The snippet is kept.")
    assert Snippet.objects.count() == 2


def test_form_of_a_page_outlives_the_session(open_page: Callable[..., Page], agent: StaffMember) -> None:
    page = _snippet_begun(open_page)
    Session.objects.all().delete()
    page.get_by_role("button", name="Save").click()
    again = page.locator("#again")
    again.get_by_label("E-mail").fill(agent.email)
    again.get_by_label("Password").fill(PASSWORD)
    again.get_by_role("button", name="Log in").click()
    expect(page.locator(".toast")).to_contain_text("The snippet is kept.")
    assert Snippet.objects.get().owner == agent


def test_look_is_changed_where_it_was_chosen(open_page: Callable[..., Page]) -> None:
    page = open_page("/me/")
    page.get_by_label("Theme").select_option("dark")
    page.get_by_label("Language").select_option("de")
    page.locator("section", has=page.get_by_label("Theme")).get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator(".toast")).to_contain_text("Gespeichert")
    page.locator("#keys").get_by_role("button", name="Speichern").click()
    expect(page).to_have_url(re.compile(r"/me/#keys$"))
    expect(page.locator(".toast")).to_contain_text("Gespeichert")
