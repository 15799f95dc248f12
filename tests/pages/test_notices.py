"""A desktop notice for what is the agent's own, and for nobody else."""

from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from profiles.models import ChannelIdentity, Role, StaffMember
from profiles.preferences import prefer
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
def test_notice_names_the_customer_and_is_for_its_member_alone(
    pages: Client, agent: StaffMember, ben: StaffMember, mira: ChannelIdentity
) -> None:
    entry = verbs.assign(mira.profile_id, agent, actor=ben)
    assert entry is not None
    assert pages.get(f"/entries/{entry.pk}/notice/").json() == {
        "title": "Assigned to you",
        "name": "Mira Lind",
        "url": f"/inbox/all/{mira.pk}/?entry={entry.pk}#e-{entry.pk}",
    }
    note = verbs.write_note(mira.pk, "a secret for @Ana", actor=ben, mentions=[agent.pk])
    told = pages.get(f"/entries/{note.pk}/notice/").json()
    assert (told["title"], told["name"]) == ("Ben Okafor mentioned you", "Mira Lind")
    pages.force_login(ben)
    assert pages.get(f"/entries/{entry.pk}/notice/").status_code == 404


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, serialized_rollback=False)
def test_one_notice_over_all_tabs_of_the_member(
    open_page: Callable[..., Page], agent: StaffMember, ben: StaffMember, mira: ChannelIdentity
) -> None:
    for member in (agent, ben):
        prefer(member, has_notices=True)
    shown = "window.shown = []; window.Notification = class { static permission = 'granted';" \
        " constructor(title, more) { window.shown.push([title, more.body]); } };"  # fmt: skip
    page, other = open_page("/inbox/all/"), open_page("/inbox/all/", member=ben)
    second = page.context.new_page()
    tabs = (page, second, other)
    for tab in tabs:
        tab.add_init_script(shown)
        tab.goto("/inbox/all/")
        expect(tab.locator(".status-word")).to_have_text("Live")
    verbs.assign(mira.profile_id, agent, actor=ben)
    wait_until(lambda: [tab.evaluate("shown") for tab in (page, second)].count([["Assigned to you", "Mira Lind"]]) == 1)
    expect(other.locator(f"#row-{mira.pk}")).to_contain_text("Ana Duarte")
    assert [len(tab.evaluate("shown")) for tab in tabs].count(0) == 2
    assert other.evaluate("shown") == []
