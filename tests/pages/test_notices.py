"""A desktop notice for what is the agent's own, and for nobody else."""

import contextlib
from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from profiles.models import ChannelIdentity, Role, StaffMember
from profiles.preferences import prefer, preferences_of
from tests.pages.browsing import wait_until
from tests.pages.conftest import PASSWORD, Born, Say
from timeline.notices import noticed
from timeline.work import verbs


@pytest.fixture
def ben(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("ben@example.com", role=Role.AGENT, password=PASSWORD, name="Ben Okafor")


@pytest.fixture
def mira(born: Born, say: Say) -> ChannelIdentity:
    mira = born("Mira Lind")
    say(mira, "Where is my parcel?")
    return mira


def test_who_does_it_is_not_told() -> None:
    assert noticed({"type": "assigned", "to": 5, "actor": 7}) == [5]
    assert noticed({"type": "assigned", "to": 7, "actor": 7}) == []
    assert noticed({"mentions": [9, 7, 8], "actor": 7}) == [8, 9]
    assert noticed({"type": "resolved", "actor": 7}) == []


@pytest.mark.django_db
def test_notice_is_for_its_member_alone_and_says_what_they_asked_for(
    pages: Client, agent: StaffMember, ben: StaffMember, mira: ChannelIdentity
) -> None:
    entry = verbs.assign(mira.profile_id, agent, actor=ben)
    assert entry is not None
    assert pages.get(f"/entries/{entry.pk}/notice/").status_code == 204  # she wants none
    prefer(agent, has_notices=True)
    url = f"/inbox/all/{mira.pk}/?entry={entry.pk}#e-{entry.pk}"
    assert pages.get(f"/entries/{entry.pk}/notice/").json() == {"title": "Assigned to you", "body": "", "url": url}
    prefer(agent, has_notice_text=True)
    assert pages.get(f"/entries/{entry.pk}/notice/").json()["body"] == "Mira Lind: Where is my parcel?"
    note = verbs.write_note(mira.pk, "Please call,\n@Ana", actor=ben, mentions=[agent.pk])
    told = pages.get(f"/entries/{note.pk}/notice/").json()
    assert (told["title"], told["body"]) == ("Ben Okafor mentioned you", "Mira Lind: Please call, @Ana")
    pages.force_login(ben)
    assert pages.get(f"/entries/{entry.pk}/notice/").status_code == 404


@pytest.mark.django_db
def test_switches_and_the_offer_that_comes_once(pages: Client, agent: StaffMember, mira: ChannelIdentity) -> None:
    assert "names nobody" in pages.get("/inbox/mine/").content.decode()
    assert "names nobody" not in pages.get("/inbox/all/").content.decode()
    assert pages.post("/me/notices/", {"offer": "declined"}, headers={"HX-Request": "true"}).content == b""
    assert "names nobody" not in pages.get("/inbox/mine/").content.decode()
    pages.post("/me/notices/", {"has_notices": "on", "has_notice_text": "on"})
    agent.refresh_from_db()
    mine = preferences_of(agent)
    assert (mine.has_notices, mine.has_notice_text, mine.has_declined_notices) == (True, True, True)
    pages.post("/me/notices/", {})
    agent.refresh_from_db()
    mine = preferences_of(agent)
    assert (mine.has_notices, mine.has_notice_text, mine.has_declined_notices) == (False, False, True)


SHOWN = """window.shown = []; window.asked = 0; window.Notification = class {
  static permission = 'granted'; static async requestPermission() { asked += 1; return 'granted'; }
  constructor(title, more) { window.shown.push([title, more.body]); }
};"""


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, serialized_rollback=False)
def test_one_notice_over_all_tabs_of_the_member_on_whatever_page(
    open_page: Callable[..., Page], agent: StaffMember, ben: StaffMember, mira: ChannelIdentity
) -> None:
    for member in (agent, ben):
        prefer(member, has_notices=True)
    page, other = open_page("/me/"), open_page("/inbox/all/", member=ben)
    second = page.context.new_page()
    tabs = (page, second, other)
    for tab, path in zip(tabs, ("/snippets/", "/search/", "/inbox/all/"), strict=True):
        tab.add_init_script(SHOWN)
        with tab.expect_response("**/ticket/") if tab is not second else contextlib.nullcontext():
            tab.goto(path)
    expect(other.locator(".status-word")).to_have_text("Live")
    second.wait_for_load_state("networkidle")
    verbs.assign(mira.profile_id, agent, actor=ben)
    wait_until(lambda: [tab.evaluate("shown") for tab in (page, second)].count([["Assigned to you", ""]]) == 1)
    expect(other.locator(f"#row-{mira.pk}")).to_contain_text("Ana Duarte")
    assert [len(tab.evaluate("shown")) for tab in tabs].count(0) == 2
    assert other.evaluate("shown") == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, serialized_rollback=False)
def test_inbox_offers_notices_and_asks_the_browser_only_then(
    open_page: Callable[..., Page], agent: StaffMember, mira: ChannelIdentity
) -> None:
    page = open_page("/inbox/all/")
    page.add_init_script(SHOWN)
    page.goto("/inbox/mine/")
    offer = page.locator("#notice-offer")
    expect(offer).to_be_visible()
    assert page.evaluate("asked") == 0
    page.screenshot(path="/tmp/composer_offer.png")
    offer.get_by_role("button", name="Turn on").click()
    expect(offer).to_have_count(0)
    expect(page.locator("#toasts")).to_contain_text("Notices are on")
    assert page.evaluate("asked") == 1
    agent.refresh_from_db()
    assert preferences_of(agent).has_notices
    prefer(agent, has_notices=False, has_declined_notices=False)
    page.reload()
    offer.get_by_role("button", name="Never ask again").click()
    expect(offer).to_have_count(0)
    agent.refresh_from_db()
    assert preferences_of(agent).has_declined_notices
