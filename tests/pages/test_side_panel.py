"""The panel beside the timeline, part by part, without a script."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from profiles.correcting import undo
from profiles.entering import enter_trait
from profiles.identity.values import Grade
from profiles.models import ChannelAccount, ChannelIdentity, Operation, Role, StaffMember, Trait
from profiles.operations import VerbRefusedError
from profiles.reading import describe
from tests.pages.conftest import NOON, Born, Say
from tests.pages.reading_html import words
from timeline.work.verbs import pin, tag

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def mira(born: Born) -> ChannelIdentity:
    return born("Mira Lind")


@pytest.fixture
def shop(db: None) -> ChannelAccount:
    return ChannelAccount.objects.create(provider="trusted_server", channel="store", name="shop")


def side(pages: Client, customer: ChannelIdentity, **query: str) -> HttpResponse:
    answer: Any = pages.get(f"/customers/{customer.profile_id}/side/", query, headers=FRAGMENT)
    assert answer.status_code == 200
    return answer  # type: ignore[no-any-return]


def headings(answer: HttpResponse) -> list[str]:
    """The parts that are there, in order."""
    return re.findall(r'<h3 id="side-(\w+)"', answer.content.decode())


def test_parts_without_anything_are_absent(pages: Client, mira: ChannelIdentity) -> None:
    assert headings(side(pages, mira)) == ["facts", "identity"]


def test_parts_stand_in_the_order_agents_reach_for(
    pages: Client, mira: ChannelIdentity, shop: ChannelAccount, born: Born, say: Say, agent: StaffMember
) -> None:
    bought = born("", account=shop, profile=mira.profile, address="42", reply_refusal="store")
    say(mira, "Where is my order?")
    said = say(mira, "Ring the bell twice", minute=1)
    say(bought, kind="order", direction="none", minute=2, detail={"number": "1042", "state": "paid"})
    detail = {"url": "https://s.example/sizes"}
    say(bought, "Sizes", kind="page_view", direction="none", detail=detail, occurred_at=timezone.now())
    survey = {"name": "CSAT", "score": 2, "of": 5}
    say(bought, "Slow", kind="survey", direction="none", minute=4, detail=survey)
    pin(said, actor=agent)
    tag(mira.profile_id, "vip", actor=agent)
    answer = side(pages, mira)
    assert headings(answer) == ["brief", "orders", "pinned", "facts", "pages", "satisfaction", "identity"]
    told = words(answer)
    assert "Order 1042" in told
    assert "Pinned Ring the bell twice" in told
    assert "About them vip" in told
    assert "On your site now Sizes" in told
    assert "Satisfaction CSAT 2 of 5" in told


def test_brief_lines_lead_to_their_entries(pages: Client, mira: ChannelIdentity, say: Say) -> None:
    say(mira, "Yes, we have it.", direction="out", delivery="sent", detail={"by": {"id": 1, "name": "Ben"}})
    asked = say(mira, "Where is my <b>order</b>?", minute=1)
    answer = side(pages, mira, view="waiting")
    assert f'href="/inbox/waiting/{mira.profile_id}/?entry={asked.pk}#e-{asked.pk}"' in answer.content.decode()
    assert "&lt;b&gt;order&lt;/b&gt;" in answer.content.decode()
    assert "1 entry since Fri 20 Nov, 12:00" in words(answer)


def test_brief_since_the_visit_that_the_page_names(pages: Client, mira: ChannelIdentity, say: Say) -> None:
    for minute in range(3):
        say(mira, "Hello", minute=minute)
    assert "1 entry since" in words(side(pages, mira, since=(NOON + timedelta(minutes=1)).isoformat()))
    for odd in ("x", "2026-01-01", "9999999999-01-01T00:00:00Z", "<script>"):
        assert "3 entries read" in words(side(pages, mira, since=odd))
    say(mira, "Where is it?", minute=4)
    assert "/inbox/all/" in side(pages, mira, view="../../x").content.decode()


def test_satisfaction_says_which_way_it_goes(
    pages: Client, mira: ChannelIdentity, shop: ChannelAccount, born: Born, say: Say
) -> None:
    bought = born("", account=shop, profile=mira.profile, address="42", reply_refusal="store")
    for minute, score in enumerate([5, 5, 4, 4, 4, 1]):
        detail = {"score": score, "of": 5}
        say(bought, f"said {score}", kind="survey", direction="none", minute=minute, detail=detail)
    told = words(side(pages, mira))
    assert "Satisfaction Lower than before Survey 1 of 5" in told
    assert told.count("Survey") == 5
    assert "Survey 1 of 5" in words(pages.get(f"/inbox/all/{mira.profile_id}/"))


def test_survey_leads_to_the_conversation_before_it(
    pages: Client, mira: ChannelIdentity, shop: ChannelAccount, born: Born, say: Say
) -> None:
    bought = born("", account=shop, profile=mira.profile, address="42", reply_refusal="store")
    rated = {"kind": "survey", "direction": "none", "detail": {"score": 2, "of": 5}}
    say(bought, minute=-5, **rated)
    say(mira, "Where is it?")
    last = say(mira, "On its way", minute=1, direction="out")
    say(bought, "right below", minute=2, **rated)
    say(bought, "Slow", minute=60, **rated)
    page = pages.get(f"/inbox/all/{mira.profile_id}/")
    assert words(page).count("after the conversation of") == 1
    assert "Survey 2 of 5 Slow after the conversation of Fri 20 Nov, 12:01" in words(page)
    assert f'<a class="link" href="#e-{last.pk}">after the conversation' in page.content.decode()


def test_survey_of_any_shape_is_shown(
    pages: Client, mira: ChannelIdentity, shop: ChannelAccount, born: Born, say: Say
) -> None:
    bought = born("", account=shop, profile=mira.profile, address="42", reply_refusal="store")
    odd: list[Any] = [{"score": [], "of": {}}, {"name": 5}, {"score": 3, "of": 0}, {"score": "1e999", "of": "nan"}]
    for minute, detail in enumerate(odd):
        say(bought, "x", kind="survey", direction="none", minute=minute, detail=detail)
    assert "Survey" in words(side(pages, mira))
    assert pages.get(f"/inbox/all/{mira.profile_id}/").status_code == 200


def test_agent_corrects_a_fact_and_takes_it_back(pages: Client, mira: ChannelIdentity) -> None:
    told = {"channel_identity": mira, "name": "city", "first_seen": NOON, "last_seen": NOON}
    Trait.objects.create(**told, value="Malmö", source="profile", grade=Grade.PROVED)
    url = f"/customers/{mira.profile_id}/facts/"
    assert 'value="Malmö"' in pages.get(f"{url}?name=city").content.decode()
    answer = pages.post(url, {"name": "City", "value": "  Lund "})
    assert (answer.status_code, answer["Location"]) == (302, f"/customers/{mira.profile_id}/")
    assert "City Lund Correct City Entered by your team" in words(side(pages, mira))
    assert "1 other value Malmö" in words(side(pages, mira))
    operation = Operation.objects.get()
    assert f'action="/facts/{operation.pk}/undo/"' in pages.get(answer["Location"], follow=True).content.decode()
    assert pages.post(f"/facts/{operation.pk}/undo/").status_code == 302
    assert "Lund" not in words(side(pages, mira)).partition("Identity")[0]
    assert pages.post(url, {"name": "", "value": "x"}).status_code == 422


def test_facts_history_is_kept_and_each_step_can_be_undone(mira: ChannelIdentity, agent: StaffMember) -> None:
    def plan() -> tuple[str, tuple[str, ...]]:
        view = describe(mira.profile_id)
        found = [(trait.value, trait.alternates) for trait in view.traits if trait.name == "plan"] if view else []
        return found[0] if found else ("", ())

    first = enter_trait(mira.profile_id, "Plan", "pro", actor=agent).operation
    second = enter_trait(mira.profile_id, "plan", "free", actor=agent).operation
    assert plan() == ("free", ("pro",))
    assert enter_trait(mira.profile_id, "plan", "free", actor=agent).operation is None
    third = enter_trait(mira.profile_id, "plan", "pro", actor=agent).operation
    assert plan() == ("pro", ("free",))
    assert first
    assert second
    assert third
    undo(third, actor=agent)
    assert plan() == ("free", ("pro",))
    undo(second, actor=agent)
    assert plan() == ("pro", ())
    undo(first, actor=agent)
    assert plan() == ("", ())
    undo(Operation.objects.get(undoes=first), actor=agent)
    assert plan() == ("pro", ())


def test_name_that_an_agent_enters_is_the_customers_name(mira: ChannelIdentity, agent: StaffMember) -> None:
    entered = enter_trait(mira.profile_id, "name", "Mira Lindqvist", actor=agent).operation
    mira.profile.refresh_from_db()
    assert (mira.profile.display_name, entered and entered.verb) == ("Mira Lindqvist", "enter")


@pytest.mark.parametrize(
    ("name", "value"), [("", "x"), ("x", " "), ("x" * 41, "x"), ("x", "x" * 501), ("x", "a\u202eb")]
)
def test_fact_without_name_or_value_is_refused(
    mira: ChannelIdentity, agent: StaffMember, name: str, value: str
) -> None:
    with pytest.raises(VerbRefusedError):
        enter_trait(mira.profile_id, name, value, actor=agent)


def test_only_who_entered_a_fact_or_a_lead_takes_it_back(
    client: Client, mira: ChannelIdentity, agent: StaffMember
) -> None:
    operation = enter_trait(mira.profile_id, "plan", "pro", actor=agent).operation
    assert operation
    for role, status in ((Role.AGENT, 404), (Role.LEAD, 302)):
        client.force_login(StaffMember.objects.create_staff(f"{role}@hub.example", role=role))
        assert client.post(f"/facts/{operation.pk}/undo/").status_code == status


def test_time_where_the_customer_is_stands_in_the_head(pages: Client, mira: ChannelIdentity, say: Say) -> None:
    say(mira, "Hello")
    told = {"channel_identity": mira, "source": "shop", "first_seen": NOON, "last_seen": NOON}
    zone = Trait.objects.create(**told, name="timezone", value="Asia/Tokyo")
    page = pages.get(f"/inbox/all/{mira.profile_id}/")
    now = timezone.now() + timedelta(hours=9)
    assert f"Their time {now:%H:%M}" in words(page) or f"Their time {now:%a %H:%M}" in words(page)
    Trait.objects.filter(pk=zone.pk).update(value="../../etc/passwd")
    assert "Their time" not in words(pages.get(f"/inbox/all/{mira.profile_id}/"))


def test_merged_id_leads_on_and_an_unknown_one_is_none(pages: Client, mira: ChannelIdentity, born: Born) -> None:
    other = born("Mira")
    ChannelIdentity.objects.filter(pk=other.pk).update(profile_id=mira.profile_id)
    for part in ("side", "reach"):
        moved = pages.get(f"/customers/{other.pk}/{part}/", headers=FRAGMENT)
        assert (moved.status_code, moved["Location"].startswith(f"/customers/{mira.pk}/{part}/")) == (302, True)
        for unknown in ("77", "9" * 25):
            assert pages.get(f"/customers/{unknown}/{part}/", headers=FRAGMENT).status_code == 404


def test_parts_that_were_folded_stay_folded(pages: Client, mira: ChannelIdentity) -> None:
    assert side(pages, mira).content.decode().count(" open>") == 2
    pages.cookies["closed"] = "facts.nonsense.reach"
    assert side(pages, mira).content.decode().count(" open>") == 1
    page = pages.get(f"/inbox/all/{mira.profile_id}/").content.decode()
    assert 'data-closed="facts.reach"' in page
    assert 'data-fold="reach">' in page


def test_without_a_script_the_parts_are_a_page(pages: Client, mira: ChannelIdentity) -> None:
    answer = pages.get(f"/customers/{mira.profile_id}/side/")
    assert (answer.status_code, headings(answer)) == (200, ["facts", "identity"])
    assert "<html" in answer.content.decode()
    assert pages.get(f"/customers/{mira.profile_id}/reach/").status_code == 302


def test_panel_costs_the_same_whatever_is_known(
    pages: Client, mira: ChannelIdentity, shop: ChannelAccount, born: Born, say: Say, django_assert_max_num_queries: Any
) -> None:
    bought = born("", account=shop, profile=mira.profile, address="42", reply_refusal="store")
    for number in range(30):
        say(mira, f"Where is parcel {number}?", minute=number)
        say(bought, kind="order", direction="none", minute=number, detail={"number": str(number), "state": "failed"})
        told = {"channel_identity": mira, "source": "shop", "first_seen": NOON, "last_seen": NOON}
        Trait.objects.create(**told, name=f"fact {number}", value="x")
    side(pages, mira)
    with django_assert_max_num_queries(16):
        side(pages, mira)
