"""The queue of probable duplicates, the page that compares two customers, and the log: for leads, without a script."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client

from profiles.merging import merge, tell_apart
from profiles.models import Operation, StaffMember
from profiles.review_queue import count_open_reviews
from tests.pages.identity_cast import Town, latest_operation, open_review, town
from tests.pages.reading_html import words
from timeline.work.verbs import tag

__all__ = ["town"]


@pytest.fixture
def lead(client: Client, town: Town) -> Client:
    """A browser in which Elias is logged in."""
    client.force_login(town.lead)
    return client


def decide(client: Client, verdict: str, **said: object) -> HttpResponse:
    return client.post(f"/merges/{open_review().pk}/", {"verdict": verdict, **said}, follow=True)


def test_empty_queue_says_what_will_be_here(lead: Client) -> None:
    said = words(lead.get("/merges/"))
    assert "Nobody to review" in said
    assert "the pair appears here with the reasons" in said


def test_row_says_who_and_why_in_words(lead: Client, town: Town) -> None:
    town.claim()
    said = words(lead.get("/merges/"))
    assert "Mira Lind and Mira Lind (work)" in said
    assert "Mira Lind (work) gave the phone number +46 70 174 06 11 as theirs; it was proved to be Mira Lind’s" in said
    assert "Claim" in said


def test_row_says_what_would_collide(lead: Client, town: Town) -> None:
    one, other = town.claim()
    town.consents(one, is_granted=True)
    town.consents(other, is_granted=False)
    assert "Consents differ" in words(lead.get("/merges/"))


def test_count_stands_in_the_rail_for_leads_only(lead: Client, town: Town, agent: StaffMember) -> None:
    town.claim()
    assert 'class="rail-count"' in lead.get("/inbox/all/").content.decode()
    lead.force_login(agent)
    assert "/merges/" not in lead.get("/inbox/all/").content.decode()


def test_agent_is_told_whom_to_ask(pages: Client) -> None:
    for path in ("/merges/", "/merges/log/"):
        refused = pages.get(path)
        assert refused.status_code == 403
        assert "Leads and admins decide who is who" in words(refused)


def test_older_rows_follow_by_id(lead: Client, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from timeline.identity import merge_pages

    monkeypatch.setattr(merge_pages, "PAGE", 1)
    for number in ("46701740611", "46701740622"):
        town.claim(name=f"Mira {number}", number=number)
    first = lead.get("/merges/")
    assert "Mira 46701740622" in words(first)
    assert "Mira 46701740611 " not in words(first)
    link = re.search(r'hx-get="(/merges/\?before=\d+)"', first.content.decode())
    assert link is not None
    assert "Mira 46701740611 " in words(lead.get(link.group(1), headers={"HX-Request": "true"}))


def test_compare_shows_both_and_what_would_be(lead: Client, town: Town) -> None:
    one, other = town.claim()
    town.consents(one, is_granted=True)
    town.consents(other, is_granted=False)
    page = lead.get(f"/merges/{open_review().pk}/")
    said = words(page)
    assert "Is this one person?" in said
    assert "1 of 1 to review" in said
    assert "The stricter wins. A merge never widens consent." in said
    assert page.content.decode().count('type="radio"') == 2
    assert "on both" in said


def test_merge_says_so_and_offers_undo(lead: Client, town: Town) -> None:
    one, other = town.claim()
    page = decide(lead, "same", reason="same voice")
    assert town.profile(other) == one
    assert "Merged Mira Lind and Mira Lind (work)" in words(page)
    assert f'action="/merges/log/{latest_operation().pk}/undo/"' in page.content.decode()
    assert "Nobody to review" in words(page)


def test_undo_leads_back_to_the_pair_and_offers_to_do_it_again(lead: Client, town: Town) -> None:
    one, other = town.claim()
    decide(lead, "same")
    page = lead.post(f"/merges/log/{latest_operation().pk}/undo/", {"next": "/merges/"}, follow=True)
    assert town.profile(other) == other
    assert page.redirect_chain[-1][0] == f"/merges/{open_review().pk}/"
    assert "Do it again" in words(page)
    lead.post(f"/merges/log/{latest_operation().pk}/undo/")
    assert town.profile(other) == one


def test_different_keeps_them_apart_and_out_of_the_queue(lead: Client, town: Town) -> None:
    town.claim()
    page = decide(lead, "different", reason="father and daughter")
    assert "Mira Lind and Mira Lind (work) are different people" in words(page)
    assert count_open_reviews() == 0


def test_later_puts_off_and_undo_brings_back(lead: Client, town: Town) -> None:
    town.claim()
    page = decide(lead, "later")
    assert "Put off for a week" in words(page)
    assert count_open_reviews() == 0
    lead.post(f"/merges/{open_review().pk}/back/")
    assert count_open_reviews() == 1


def test_next_pair_follows_a_decision(lead: Client, town: Town) -> None:
    town.claim(name="First", number="46701740611")
    first = open_review().pk
    town.claim(name="Second", number="46701740622")
    page = decide(lead, "different")
    assert page.redirect_chain[-1][0] == f"/merges/{first}/"


def test_merging_twice_does_it_once(lead: Client, town: Town) -> None:
    town.claim()
    decide(lead, "same")
    page = decide(lead, "same")
    assert Operation.objects.count() == 1
    assert "were one customer already" in words(page)


def test_refusal_keeps_what_was_typed(lead: Client, town: Town) -> None:
    town.claim()
    decide(lead, "same")
    page = decide(lead, "different", reason="I changed my mind")
    assert page.status_code == 422
    assert "they are one customer by now" in words(page)


def test_chosen_value_is_shown_after_the_merge(lead: Client, town: Town) -> None:
    one, _other = town.claim()
    body = lead.get(f"/merges/{open_review().pk}/").content.decode()
    kept = re.search(r'name="kept-name" value="(\d+)"', body)
    values = re.findall(r'name="trait-name" value="(\d+)" data-value="([^"]+)"', body)
    assert kept is not None
    [(choice, name)] = [(pk, value) for pk, value in values if pk != kept.group(1)]
    decide(lead, "same", **{"trait-name": choice, "kept-name": kept.group(1)})
    assert f"{name} · Customer hub" in words(lead.get(f"/inbox/all/{one}/"))
    assert latest_operation().trait_choices.count() == 1


def test_latest_is_what_they_said_and_not_what_colleagues_did(lead: Client, town: Town) -> None:
    one, _other = town.claim()
    for each in ("a", "b", "c", "d", "e"):
        tag(one, each, actor=town.lead)
    said = words(lead.get(f"/merges/{open_review().pk}/"))
    assert said.count("Is the Tarn down jacket back in M?") == 2  # its own column, and the result's
    assert "Elias Berg" not in said.partition("Latest")[2].partition("Why?")[0]


def test_any_two_can_be_compared_and_merged(lead: Client, town: Town) -> None:
    one = town.seen("whatsapp", "46701740633", name="Kajsa 🌊")
    other = town.seen("sms", "+46701740644", name="محمد العلي")
    assert "Kajsa 🌊" in words(lead.get(f"/merges/compare/{one}/{other}/"))
    lead.post(f"/merges/compare/{one}/{other}/", {"verdict": "same", "reason": ""})
    assert town.profile(other) == one
    assert "They are one customer by now" in words(lead.get(f"/merges/compare/{one}/{other}/"))


def test_earlier_word_and_limits_are_named_before_the_merge(lead: Client, town: Town) -> None:
    one = town.seen("store", "c-1", ("customer_id", "c-1", "proved"), name="Bo Ek")
    other = town.seen("store", "c-2", ("customer_id", "c-2", "proved"), name="Bo Ek")
    tell_apart(one, other, actor=town.lead, reason="two brothers")
    said = words(lead.get(f"/merges/compare/{one}/{other}/"))
    assert "Elias Berg decided that they are different people. two brothers Merging takes that back." in said
    assert "customer number c-1 and c-2 at shop" in said


def test_both_timelines_stand_side_by_side(lead: Client, town: Town) -> None:
    one, other = town.claim()
    said = words(lead.get(f"/merges/compare/{one}/{other}/timelines/"))
    assert said.index("Where is my order?") < said.index("Is the Tarn down jacket back in M?")


@pytest.mark.parametrize("path", ["/merges/999/", "/merges/compare/1/2/", "/merges/compare/99999999999999999999/2/"])
def test_unknown_pair_does_not_exist(lead: Client, path: str) -> None:
    assert lead.get(path).status_code == 404
    assert lead.post(path, {"verdict": "same"}).status_code == 404


def test_log_says_who_did_what_to_whom_and_why(lead: Client, town: Town) -> None:
    one, other = town.claim()
    merge(one, other, actor=town.lead, reason="same voice on the phone")
    said = words(lead.get("/merges/log/"))
    assert "Merged" in said
    assert "“same voice on the phone” Elias Berg" in said
    assert "Mira Lind" in said


def test_log_names_what_was_undone(lead: Client, town: Town) -> None:
    town.claim()
    decide(lead, "different")
    lead.post(f"/merges/log/{latest_operation().pk}/undo/", {"next": "/merges/log/"})
    said = words(lead.get("/merges/log/"))
    assert "Undone: Different people" in said
    lead.post(f"/merges/log/{latest_operation().pk}/undo/", {"next": "/merges/log/"})
    assert "Done again: Different people" in words(lead.get("/merges/log/"))


def test_log_of_one_customer(lead: Client, town: Town) -> None:
    one, other = town.claim()
    merge(one, other, actor=town.lead)
    third = town.seen("sms", "+46701740644", name="Ida")
    assert "Nothing was decided yet" in words(lead.get(f"/merges/log/?profile={third}"))
    assert "Merged" in words(lead.get(f"/merges/log/?profile={one}"))


def test_undo_sends_nobody_to_another_site(lead: Client, town: Town) -> None:
    one, other = town.claim()
    done = merge(one, other, actor=town.lead)
    assert done.operation is not None
    answer = lead.post(f"/merges/log/{done.operation.pk}/undo/", {"next": "//evil.example/"})
    assert answer["Location"] == "/merges/log/"
