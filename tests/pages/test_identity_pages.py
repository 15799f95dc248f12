"""Why a customer is one person, and correcting it: read by everybody, corrected by leads, without a script."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from profiles.correcting import mark, withdraw_sighting
from profiles.merging import merge, tell_apart, unmerge
from profiles.models import Boundary, Identifier, Sighting, StaffMember
from tests.pages.identity_cast import Town, latest_operation, open_review, town
from tests.pages.reading_html import words

__all__ = ["town"]

PHONE = ("phone", "+46701740611", "proved")


@pytest.fixture
def lead(client: Client, town: Town) -> Client:
    """A browser in which Elias is logged in."""
    client.force_login(town.lead)
    return client


def pair(town: Town) -> tuple[int, int]:
    """One customer with two addresses that the phone number ties together."""
    one = town.seen("whatsapp", "46701740611", PHONE, name="Mira Lind", days=40)
    town.said(one, "Hej!", "> Hej Mira!", days=40)
    other = town.seen("chat", "v-1", PHONE, name="Mira", days=3)
    town.said(other, "Me again", days=3)
    assert town.profile(other) == one
    return one, other


def proved_at(channel_identity_id: int) -> Sighting:
    """What was proved at an address."""
    return Sighting.objects.get(channel_identity_id=channel_identity_id, grade="proved")


def test_page_says_what_ties_the_addresses(lead: Client, town: Town) -> None:
    one, _ = pair(town)
    page = lead.get(f"/customers/{one}/identity/")
    said = words(page)
    assert "Why this is one person: 2 addresses, and what ties them together" in said
    assert "Ties this address to Web chat Browser V-1" in said
    assert "Verified" in said
    assert re.search(r'#e-\d+">on the timeline', page.content.decode())


def test_agent_reads_and_corrects_nothing(client: Client, town: Town, agent: StaffMember) -> None:
    one, _ = pair(town)
    client.force_login(agent)
    page = client.get(f"/customers/{one}/identity/").content.decode()
    assert "Withdraw" not in page
    assert "/separate/" not in page
    sighting = Sighting.objects.latest("id").pk
    for path in (
        f"/customers/{one}/separate/", f"/customers/{one}/merge-with/", f"/identity/sightings/{sighting}/withdraw/",
        f"/identity/sightings/{sighting}/mark/generic/", f"/identity/addresses/{one}/since/",
    ):  # fmt: skip
        assert client.get(path).status_code == 403
        assert client.post(path).status_code in (403, 405)


def test_withdrawing_asks_then_does_then_offers_undo(lead: Client, town: Town) -> None:
    one, other = pair(town)
    path = (
        f"/identity/sightings/{Sighting.objects.filter(channel_identity_id=other, grade='proved').get().pk}/withdraw/"
    )
    assert "Withdraw the phone number +46 70 174 06 11?" in words(lead.get(path))
    page = lead.post(path, {"reason": "a friend's phone"}, follow=True)
    assert town.profile(other) == other
    assert "Withdrawn: phone number +46 70 174 06 11" in words(page)
    lead.post(f"/merges/log/{latest_operation().pk}/undo/")
    assert town.profile(other) == one


def test_doing_it_twice_says_so(lead: Client, town: Town) -> None:
    _, other = pair(town)
    path = (
        f"/identity/sightings/{Sighting.objects.filter(channel_identity_id=other, grade='proved').get().pk}/withdraw/"
    )
    lead.post(path, {"reason": ""})
    assert "Nothing to do: it is so already" in words(lead.post(path, {"reason": ""}, follow=True))


def test_dialog_gets_the_question_alone(lead: Client, town: Town) -> None:
    pair(town)
    path = f"/identity/sightings/{Sighting.objects.latest('id').pk}/withdraw/"
    part = lead.get(path, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert 'data-do="close"' in part


def test_shared_number_names_who_else_uses_it(lead: Client, town: Town) -> None:
    one, other = pair(town)
    lead.post(f"/identity/sightings/{Sighting.objects.latest('id').pk}/mark/generic/", {"reason": "family phone"})
    assert town.profile(other) == other
    said = words(lead.get(f"/customers/{one}/identity/"))
    assert "Used by several people, so it ties nobody together Also used by Mira" in said
    assert "phone number +46701740611 marked as shared" in said or "+46 70 174 06 11 marked as shared" in said
    customer = lead.get(f"/inbox/all/{one}/")
    assert "Who is this?" in words(customer)
    assert f'href="/merges/compare/{one}/{other}/"' in customer.content.decode()
    lead.post(f"/identity/sightings/{Sighting.objects.latest('id').pk}/mark/normal/", {"reason": ""})
    assert Identifier.objects.get(kind="phone").status == "normal"
    assert "Who is this?" not in words(lead.get(f"/inbox/all/{one}/"))


def test_agent_sees_names_and_whom_to_ask(client: Client, town: Town, agent: StaffMember) -> None:
    one, other = pair(town)
    mark("phone", "", "+46701740611", "generic", actor=town.lead)
    client.force_login(agent)
    page = client.get(f"/inbox/all/{one}/")
    assert "ask a lead to join them" in words(page)
    assert f'href="/inbox/all/{other}/"' in page.content.decode()
    assert "/merges/compare/" not in page.content.decode()


def test_somebody_else_since_then(lead: Client, town: Town) -> None:
    one, _ = pair(town)
    path = f"/identity/addresses/{one}/since/"
    since = timezone.localtime(town.now - timedelta(days=20))
    page = lead.post(path, {"since": since.strftime("%Y-%m-%dT%H:%M"), "reason": "number handed on"}, follow=True)
    assert "Somebody else uses this address since" in words(page)
    assert "The same person after all" in words(page)
    boundary = Boundary.objects.latest("id")
    lead.post(f"/identity/boundaries/{boundary.pk}/withdraw/", {"reason": ""})
    boundary.refresh_from_db()
    assert boundary.withdrawn_by is not None


@pytest.mark.parametrize("since", ["", "yesterday", "0001-01-01T00:00", "9999-12-31T23:59"])
def test_odd_moment_is_asked_again_with_the_reason_kept(lead: Client, town: Town, since: str) -> None:
    one, _ = pair(town)
    page = lead.post(f"/identity/addresses/{one}/since/", {"since": since, "reason": "number handed on"})
    assert page.status_code == 422
    assert "number handed on" in page.content.decode()
    assert Boundary.objects.count() == 0


def test_refused_boundary_says_why(lead: Client, town: Town) -> None:
    one, _ = pair(town)
    said = {"since": timezone.localtime(town.now - timedelta(days=20)).strftime("%Y-%m-%dT%H:%M"), "reason": "x"}
    lead.post(f"/identity/addresses/{one}/since/", said)
    lead.post(f"/identity/boundaries/{Boundary.objects.latest('id').pk}/withdraw/", {"reason": ""})
    page = lead.post(f"/identity/addresses/{one}/since/", said)
    assert page.status_code == 422
    assert "undo that instead" in words(page)


def test_separating_shows_who_keeps_what_before(lead: Client, town: Town) -> None:
    one, other = pair(town)
    part = words(lead.get(f"/customers/{one}/separate/?identity={other}", headers={"HX-Request": "true"}))
    assert "Stays Mira Lind 2 entries" in part
    assert "Becomes a customer of their own Mira 1 entry" in part
    assert town.profile(other) == one
    page = lead.post(f"/customers/{one}/separate/", {"identity": [other], "reason": "sisters"}, follow=True)
    assert town.profile(other) == other
    assert "Separated" in words(page)


@pytest.mark.parametrize("ticked", [[], ["all"], ["999"], ["x"]])
def test_nonsense_is_not_separated_and_the_reason_is_kept(lead: Client, town: Town, ticked: list[Any]) -> None:
    one, other = pair(town)
    chosen = [one, other] if ticked == ["all"] else ticked
    page = lead.post(f"/customers/{one}/separate/", {"identity": chosen, "reason": "sisters"})
    assert page.status_code == 422
    assert 'value="sisters"' in page.content.decode()
    assert town.profile(other) == one


@pytest.mark.parametrize("asked", ["Kajsa", "kajsa@oberg.example", "+46 70 174 06 88", "c-77", "#{id}"])
def test_customer_to_merge_with_is_found_by(lead: Client, town: Town, asked: str) -> None:
    one, _ = pair(town)
    kajsa = town.seen(
        "email", "kajsa@oberg.example", ("email", "kajsa@oberg.example", "proved"),
        ("phone", "+46701740688", "claimed"), ("customer_id", "c-77", "proved"), name="Kajsa Öberg",
    )  # fmt: skip
    query = {"q": asked.format(id=kajsa)}
    page = lead.get(f"/customers/{one}/merge-with/", query, headers={"HX-Request": "true"})
    assert f'href="/merges/compare/{one}/{kajsa}/"' in page.content.decode()


def test_nobody_is_merged_with_themselves(lead: Client, town: Town) -> None:
    one, _ = pair(town)
    said = words(lead.get(f"/customers/{one}/merge-with/", {"q": "Mira"}))
    assert "Nobody found" in said


def test_merged_id_leads_to_the_survivor_and_says_so(lead: Client, town: Town) -> None:
    one, other = pair(town)
    for path in (f"/customers/{other}/", f"/customers/{other}/identity/", f"/inbox/all/{other}/"):
        page = lead.get(path, follow=True)
        assert str(one) in page.redirect_chain[-1][0]
        assert "This customer was merged into" in words(page)


def test_open_page_that_asks_twice_is_told_once_of_the_merge(lead: Client, town: Town) -> None:
    one, other = pair(town)
    for _ in range(2):
        assert lead.get(f"/customers/{other}/since/").status_code == 409
    assert words(lead.get(f"/inbox/all/{one}/")).count("This customer was merged into") == 1


def test_unknown_customer_does_not_exist(lead: Client, town: Town) -> None:
    for path in ("identity", "separate", "merge-with"):
        assert lead.get(f"/customers/999/{path}/").status_code == 404
        assert lead.get(f"/customers/99999999999999999999/{path}/").status_code == 404
    for path in ("sightings/999/withdraw", "boundaries/999/withdraw", "addresses/999/since"):
        assert lead.get(f"/identity/{path}/").status_code == 404


def test_side_panel_names_open_duplicates(lead: Client, town: Town, agent: StaffMember) -> None:
    one, other = town.claim()
    page = lead.get(f"/customers/{one}/side/", headers={"HX-Request": "true"})
    assert "1 possible duplicate" in words(page)
    assert f'href="/merges/{open_review().pk}/"' in page.content.decode()
    said = {"verdict": "same", "next": f"/inbox/all/{one}/"}
    decided = lead.post(f"/merges/{open_review().pk}/", said)
    assert (decided.status_code, decided["Location"]) == (302, f"/inbox/all/{one}/")
    assert town.profile(other) == town.profile(one)
    page = lead.get(f"/customers/{town.profile(one)}/side/", headers={"HX-Request": "true"})
    assert "Merged after review" in words(page)
    assert "Unmerge : Merged after review" in words(page)
    lead.post(f"/merges/log/{latest_operation().pk}/undo/", {"next": f"/inbox/all/{one}/"})
    lead.force_login(agent)
    page = lead.get(f"/customers/{one}/side/", headers={"HX-Request": "true"})
    assert "1 possible duplicate Mira Lind" in words(page)
    assert "A lead decides." in words(page)
    assert "Undone: Merged after review" in words(page)
    assert "/merges/" not in page.content.decode()


def test_decision_leads_back_to_no_other_site(lead: Client, town: Town) -> None:
    town.claim()
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        decided = lead.post(f"/merges/{open_review().pk}/", {"verdict": "later", "next": elsewhere})
        assert decided["Location"].startswith("/merges/")


def test_held_ties_and_decisions_are_told(lead: Client, town: Town) -> None:
    one, other = pair(town)
    unmerge(one, [other], actor=town.lead, reason="two sisters")
    said = words(lead.get(f"/customers/{one}/identity/"))
    assert "Also has the phone number +46 70 174 06 11: Mira" in said
    assert "A colleague said that they are different people." in said
    assert "“two sisters” Elias Berg" in said


def test_timeline_tells_a_merge_once_with_undo(lead: Client, town: Town) -> None:
    one, other = town.claim()
    merge(one, other, actor=town.lead, reason="same voice")
    page = lead.get(f"/inbox/all/{one}/")
    said = words(page)
    assert said.count("Merged with Mira Lind (work)") - said.count(": Merged with Mira Lind (work)") == 1
    assert "by Elias Berg same voice" in said
    lead.post(f"/merges/log/{latest_operation().pk}/undo/", {"next": f"/customers/{one}/"})
    assert "Separated from Mira Lind (work) again" in words(lead.get(f"/inbox/all/{one}/"))
    assert "Separated from Mira Lind again" in words(lead.get(f"/inbox/all/{other}/"))


def test_agent_sees_the_merge_without_undo(client: Client, town: Town, agent: StaffMember) -> None:
    one, other = town.claim()
    merge(one, other, actor=town.lead)
    client.force_login(agent)
    page = client.get(f"/inbox/all/{one}/")
    assert "Merged with" in words(page)
    assert "/undo/" not in page.content.decode()


def test_moved_messages_are_told_where_they_came_and_where_they_went(lead: Client, town: Town) -> None:
    one, _ = pair(town)
    town.said(one, "A new owner writes", days=10)
    said = {"since": timezone.localtime(town.now - timedelta(days=20)).strftime("%Y-%m-%dT%H:%M"), "reason": ""}
    lead.post(f"/identity/addresses/{one}/since/", said)
    assert "1 entry went to another customer" in words(lead.get(f"/inbox/all/{one}/"))


def test_withdrawn_sighting_stays_listed(lead: Client, town: Town) -> None:
    _, other = pair(town)
    withdraw_sighting(proved_at(other), actor=town.lead, reason="wrong")
    assert "Withdrawn: it counts as never seen here" in words(lead.get(f"/customers/{other}/identity/"))


def test_identity_page_costs_the_same_whatever_the_history(
    lead: Client, town: Town, django_assert_max_num_queries: Any
) -> None:
    one, _ = pair(town)
    for number in range(6):
        stranger = town.seen("sms", f"+4670174070{number}", name=f"S{number}")
        tell_apart(one, stranger, actor=town.lead)
    with django_assert_max_num_queries(30):
        assert lead.get(f"/customers/{one}/identity/").status_code == 200


def test_picture_draws_what_the_table_says(lead: Client, town: Town) -> None:
    one, other = pair(town)
    page = lead.get(f"/customers/{one}/identity/").content.decode()
    assert page.count('class="tie"') == 2
    withdraw_sighting(proved_at(other), actor=town.lead)
    assert "graph" not in lead.get(f"/customers/{other}/identity/").content.decode()
