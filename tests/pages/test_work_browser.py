"""What agents do to customers from the queue, in Chromium, by keyboard alone."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from profiles.models import ChannelAccount, ChannelIdentity, Profile, Role, StaffMember
from tests.pages.browsing import PASSWORD, wait_until
from tests.pages.conftest import Born, Say
from timeline.models import Entry, QueueRow
from timeline.work import verbs

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=False)]

OpenPage = Callable[..., Page]


@pytest.fixture
def noah(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("noah@example.com", role=Role.AGENT, password=PASSWORD, name="Noah Berg")


@pytest.fixture
def waiting(born: Born, say: Say) -> list[ChannelIdentity]:
    """Five customers who wait, the longest first."""
    customers = [born(name) for name in ("Ada Blum", "Ben Cole", "Cleo Diaz", "Dora Ek", "Emil Frei")]
    for number, customer in enumerate(customers):
        say(customer, f"Where is order {number}?", minute=number)
    return customers


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 760)])
def test_what_was_done_is_not_said_over_the_reply_box(
    open_page: OpenPage, waiting: list[ChannelIdentity], width: int, height: int
) -> None:
    page = open_page(f"/inbox/waiting/{waiting[0].pk}/", width=width, height=height)
    expect(page.locator("#answer")).to_be_visible()
    page.keyboard.press("a")
    expect(page.locator(".toast")).to_contain_text("Yours now: Ada Blum")
    toast, box = page.locator(".toast").bounding_box(), page.locator("#box").bounding_box()
    assert toast
    assert box
    assert toast["x"] + toast["width"] <= box["x"] or toast["y"] + toast["height"] <= box["y"]


def test_customers_are_chosen_where_the_key_was_pressed(open_page: OpenPage, waiting: list[ChannelIdentity]) -> None:
    page = open_page("/inbox/waiting/")
    expect(page.locator(".status-word")).to_have_text("Live")
    coming: list[Route] = []
    page.route("**/choosing*.js", lambda route: coming.append(route))
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    wait_until(lambda: page.evaluate("1") and len(coming) > 0)
    coming.pop().continue_()
    expect(page.locator(".bulk-count")).to_have_text("2 chosen")
    assert page.locator(".row-check :checked").evaluate_all("boxes => boxes.map(({ value }) => Number(value))") == [
        waiting[0].pk,
        waiting[1].pk,
    ]


@pytest.mark.parametrize("key", ["t", "s", "p", "A", "a"])
def test_key_of_what_asks_wants_a_customer_first(open_page: OpenPage, waiting: list[ChannelIdentity], key: str) -> None:
    page = open_page("/inbox/waiting/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.keyboard.press(key)
    expect(page.locator(".toast")).to_contain_text("Choose a customer first.")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_sheet_that_cannot_be_had_opens_none(open_page: OpenPage, waiting: list[ChannelIdentity]) -> None:
    page = open_page(f"/inbox/waiting/{waiting[0].pk}/")
    expect(page.locator("#answer")).to_be_visible()
    expect(page.locator(".status-word")).to_have_text("Live")
    page.route("**/work/tag/*", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    page.keyboard.press("t")
    fault = page.locator(".fault")
    expect(fault).to_be_visible()
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.unroute("**/work/tag/*")
    fault.get_by_role("button", name="Try again").click()
    expect(page.locator("#sheet[open]")).to_contain_text("Tags")


def test_take_resolve_and_next_by_keys(open_page: OpenPage, waiting: list[ChannelIdentity]) -> None:
    ada, ben, *_ = waiting
    page = open_page(f"/inbox/waiting/{ada.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.keyboard.press("a")
    expect(page.locator(".toast")).to_contain_text("Yours now: Ada Blum")
    expect(page.locator("#acts [data-key=A]")).to_contain_text("Yours")
    expect(page.locator(f"#row-{ada.pk} .has")).to_have_text("You")
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Taken back: Ada Blum")
    expect(page.locator("#acts [data-key=a]")).to_be_visible()
    assert QueueRow.objects.get(pk=ada.profile_id).assignee is None
    page.keyboard.press("e")
    page.wait_for_url(f"**/inbox/waiting/{ben.pk}/")
    expect(page.locator("#who")).to_have_text("Ben Cole")
    expect(page.locator(".toast")).to_contain_text("Resolved: Ada Blum")
    expect(page.locator(f"#row-{ada.pk}")).to_have_count(0)
    assert [row.profile_id for row in QueueRow.objects.filter(resolved_at__isnull=False)] == [ada.pk]
    page.keyboard.press("z")
    expect(page.locator(f"#row-{ada.pk}")).to_have_count(1)
    page.keyboard.press("Shift+E")
    expect(page.locator("#acts")).to_contain_text("Resolved")
    expect(page.locator("#who")).to_have_text("Ben Cole")


def test_sheets_by_keys(open_page: OpenPage, waiting: list[ChannelIdentity], noah: StaffMember) -> None:
    ada = waiting[0]
    page = open_page(f"/inbox/waiting/{ada.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.keyboard.press("t")
    expect(page.locator("#tag-add")).to_be_focused()
    page.keyboard.type("VIP, angry")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Tagged VIP, angry: Ada Blum")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator(f"#row-{ada.pk} .tag")).to_have_text(["VIP", "angry"])
    page.keyboard.press("p")
    expect(page.locator("button[name=priority]").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f"#row-{ada.pk} .priority")).to_have_text("Urgent")
    page.keyboard.press("Shift+A")
    expect(page.locator("#colleague")).to_be_focused()
    page.keyboard.type("noah")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Noah Berg takes care of: Ada Blum")
    expect(page.locator(f"#row-{ada.pk} .has")).to_contain_text("NB")
    page.keyboard.press("o")
    expect(page.locator("#promise-text")).to_be_focused()
    page.keyboard.type("A new label")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Promised for")
    page.keyboard.press("s")
    expect(page.get_by_role("button", name=re.compile("In an hour"))).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("out of the way: Ada Blum")
    expect(page.locator(f"#row-{ada.pk}")).to_have_count(0)
    row = QueueRow.objects.get(pk=ada.profile_id)
    assert (row.tags, row.priority, row.assignee) == (["VIP", "angry"], 3, noah)
    assert row.promised_for == timezone.localdate()
    assert row.snoozed_until is not None
    assert timedelta(minutes=58) < row.snoozed_until - timezone.now() < timedelta(minutes=61)


def test_several_at_once(open_page: OpenPage, waiting: list[ChannelIdentity]) -> None:
    page = open_page("/inbox/waiting/")
    expect(page.locator(".status-word")).to_have_text("Live")
    stood = page.locator(".queue").bounding_box()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".bulk-count")).to_have_text("1 chosen")
    assert page.locator(".queue").bounding_box() == stood
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".bulk-count")).to_have_text("2 chosen")
    page.keyboard.press("e")
    expect(page.locator(".toast")).to_contain_text("Resolved: 2 customers")
    expect(page.locator(".row")).to_have_count(3)
    expect(page.locator("#bulk")).to_be_hidden()
    page.keyboard.press("z")
    expect(page.locator(".row")).to_have_count(5)
    page.keyboard.press("x")
    page.keyboard.press("t")
    expect(page.locator("#tag-add")).to_be_focused()
    page.keyboard.type("late")
    page.keyboard.press("Enter")
    expect(page.locator(".row .tag")).to_have_count(1)


def test_key_held_down_acts_once(open_page: OpenPage, waiting: list[ChannelIdentity]) -> None:
    page = open_page(f"/inbox/waiting/{waiting[0].pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.keyboard.down("e")
    for _ in range(5):
        page.keyboard.down("e")
    page.keyboard.up("e")
    expect(page.locator("#who")).to_have_text("Ben Cole")
    page.wait_for_timeout(300)
    assert QueueRow.objects.filter(resolved_at__isnull=False).count() == 1


def test_row_appears_in_its_view_by_itself_and_leaves_it(
    open_page: OpenPage, waiting: list[ChannelIdentity], agent: StaffMember
) -> None:
    page = open_page("/inbox/mine/")
    expect(page.get_by_text("You have no customers")).to_be_visible()
    expect(page.locator(".status-word")).to_have_text("Live")
    verbs.assign(waiting[2].profile_id, agent, actor=agent)
    expect(page.locator(f"#row-{waiting[2].pk}")).to_be_visible()
    expect(page.locator(".segments [data-count=mine]")).to_have_text("1")
    verbs.assign(waiting[2].profile_id, None, actor=agent)
    expect(page.locator(f"#row-{waiting[2].pk}")).to_have_count(0)


def test_filter_narrows_and_is_saved_as_a_view(
    open_page: OpenPage, waiting: list[ChannelIdentity], agent: StaffMember
) -> None:
    verbs.set_priority(waiting[1].profile_id, 3, actor=agent)
    page = open_page("/inbox/all/")
    page.get_by_role("link", name="Filter").click()
    page.get_by_role("checkbox", name="Urgent").check()
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".row")).to_have_count(1)
    page.get_by_role("link", name="Save view").click()
    page.get_by_label("Name").fill("Burning")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/inbox/burning/")
    page.locator(f"#row-{waiting[1].pk} > a").click()
    page.wait_for_url(f"**/inbox/burning/{waiting[1].pk}/")
    page.locator(".view-now").click()
    page.get_by_role("link", name="Change the view Burning").click()
    page.get_by_role("button", name="Remove the view").click()
    expect(page.locator(".toast")).to_contain_text("Removed: Burning")
    page.keyboard.press("z")
    page.wait_for_url("**/inbox/burning/")
    expect(page.locator(".row")).to_have_count(1)


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768), (390, 844)])
def test_a_busy_queue_fits(
    open_page: OpenPage,
    waiting: list[ChannelIdentity],
    say: Say,
    born: Born,
    agent: StaffMember,
    noah: StaffMember,
    width: int,
    height: int,
) -> None:
    busy(waiting, say, born, agent, noah)
    page = open_page("/inbox/all/", width=width, height=height)
    expect(page.locator(".row")).to_have_count(5)
    _fits(page)
    page.locator(f"#row-{waiting[0].pk} > a").click()
    expect(page.locator("#who")).to_have_text("Ada Blum")
    _fits(page)
    if width < 500:
        page.get_by_role("button", name="Actions").click()
        _fits(page)


@pytest.mark.parametrize(("width", "height", "direction"), [(1440, 900, "rtl"), (720, 450, "ltr")])
def test_a_busy_queue_fits_right_to_left_and_at_twice_the_size(
    open_page: OpenPage,
    waiting: list[ChannelIdentity],
    say: Say,
    born: Born,
    agent: StaffMember,
    noah: StaffMember,
    width: int,
    height: int,
    direction: str,
) -> None:
    busy(waiting, say, born, agent, noah)
    page = open_page(f"/inbox/all/{waiting[0].pk}/", width=width, height=height)
    page.evaluate(f"document.documentElement.dir = '{direction}'")
    _fits(page)
    if width < 800:
        return
    page.evaluate("document.querySelector('.shell').style.gridTemplateColumns = '3.5rem 280px minmax(0, 1fr)'")
    _fits(page)


def busy(waiting: list[ChannelIdentity], say: Say, born: Born, agent: StaffMember, noah: StaffMember) -> None:
    """Rows with everything a row can say."""
    ada, ben, cleo, dora, _emil = waiting
    mail = ChannelAccount.objects.create(provider="email_mime", channel="email", name="Mail")
    say(born("", account=mail, profile=ada.profile), "And by mail: where is it?", minute=3)
    for tag in ("VIP", "angry", "wholesale"):
        verbs.tag(ada.profile_id, tag, actor=agent)
    verbs.set_priority(ada.profile_id, 3, actor=agent)
    verbs.assign(ada.profile_id, noah, actor=agent)
    QueueRow.objects.filter(pk=ada.profile_id).update(due_at=timezone.now() - timedelta(minutes=4))
    QueueRow.objects.filter(pk=ben.profile_id).update(due_at=timezone.now() + timedelta(minutes=12))
    Profile.objects.filter(pk=ben.profile_id).update(display_name="مريم الشريف")
    verbs.set_priority(ben.profile_id, 2, actor=agent)
    verbs.assign(cleo.profile_id, agent, actor=agent)
    verbs.snooze(cleo.profile_id, timezone.now() + timedelta(days=2), actor=agent)
    verbs.resolve(dora.profile_id, actor=agent)
    assert Entry.objects.filter(kind="work").count() == 9


def _fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    parts = "[...document.querySelectorAll('.queue, .queue-head, .segments, .talk, .talk-head, .row > a')]"
    assert page.evaluate(f"{parts}.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.className)") == []
