"""A message that is somebody else's: what an agent says, what a lead does, and taking it back."""

import pytest
from django.test import Client

from profiles.models import ChannelIdentity, Operation, StaffMember
from profiles.reading_rights import restrict
from tests.pages.identity_cast import Town, town
from timeline.models import Entry, MessageReport

__all__ = ["town"]
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def lead(town: Town) -> Client:
    client = Client()
    client.force_login(town.lead)
    return client


@pytest.fixture
def mira(town: Town) -> ChannelIdentity:
    """A customer with four messages on WhatsApp, an hour apart, and a mailbox."""
    one = town.seen("whatsapp", "46701740611", ("phone", "+46701740611", "proved"), name="Mira", days=20)
    town.said(one, "first", "second", "> answer", "third", days=20)
    mail = town.seen(
        "email",
        "mira@lindhaus.example",
        ("email", "mira@lindhaus.example", "proved"),
        ("phone", "+46701740611", "proved"),
    )
    town.said(mail, "by mail", days=10)
    return ChannelIdentity.objects.get(id=one)


def said(text: str) -> Entry:
    return Entry.objects.get(text=text)


def at(text: str) -> int:
    """Who the message belongs to now."""
    return said(text).channel_identity.profile_id


def url(text: str = "second") -> str:
    return f"/entries/{said(text).pk}/report/"


def test_sheet_tells_what_would_follow(pages: Client, mira: ChannelIdentity) -> None:
    sheet = pages.get(url(), headers=FRAGMENT).content.decode()
    assert "3 entries become another customer’s; what came before stays here." in sheet
    assert "never was this customer’s" in sheet
    assert "What is about an address goes to a lead" in sheet
    assert "<html" not in sheet
    assert pages.get("/entries/999999/report/").status_code == 404
    assert pages.get(f"/entries/{2**63}/report/").status_code == 404


def test_agents_suspicion_waits_for_a_lead_and_changes_nothing(
    pages: Client, lead: Client, mira: ChannelIdentity, agent: StaffMember
) -> None:
    for _ in range(2):  # a double click
        assert pages.post(url(), {"what": "since", "reason": "other name <b>"}).status_code == 302
    report = MessageReport.objects.get()
    assert (report.suspicion, report.actor, report.reason, report.settled_at) == (
        "since",
        agent,
        "other name <b>",
        None,
    )
    assert not Operation.objects.exists()
    work = Entry.objects.get(kind="work")
    assert (work.detail["type"], work.detail["entry"]) == ("reported", said("second").pk)
    page = lead.get("/merges/").content.decode()
    assert "Reported as somebody else’s" in page
    assert "other name &lt;b&gt;" in page
    assert url() in page
    assert "Reported as somebody else’s" not in pages.get("/inbox/all/").content.decode()


def test_lead_puts_it_right_and_the_report_is_settled(
    pages: Client, lead: Client, town: Town, mira: ChannelIdentity
) -> None:
    pages.post(url(), {"what": "since"})
    assert "3 entries" in lead.get(url()).content.decode()
    assert lead.post(url(), {"what": "since", "reason": "checked"}).status_code == 302
    assert at("first") == mira.profile_id != at("second") == at("answer") == at("third")
    assert at("by mail") == mira.profile_id
    operation = Operation.objects.get()
    assert (operation.verb, operation.actor, operation.reason) == ("split", town.lead, "checked")
    report = MessageReport.objects.get()
    assert (report.settled_by, report.operation) == (town.lead, operation)
    assert "Reported as" not in lead.get("/merges/").content.decode()
    lead.post(f"/merges/log/{operation.pk}/undo/")
    assert {at(text) for text in ("first", "second", "third", "by mail")} == {mira.profile_id}


def test_address_that_never_was_theirs_is_separated(lead: Client, mira: ChannelIdentity) -> None:
    assert lead.post(url("by mail"), {"what": "apart", "reason": "his brother"}).status_code == 302
    assert at("by mail") != at("first") == mira.profile_id
    assert Operation.objects.get().verb == "unmerge"
    lead.post(f"/merges/log/{Operation.objects.get().pk}/undo/")
    assert at("by mail") == mira.profile_id


def test_only_address_cannot_be_taken_from_its_customer(lead: Client, town: Town) -> None:
    one = town.seen("whatsapp", "46701740644", ("phone", "+46701740644", "proved"))
    town.said(one, "alone")
    assert "never was this customer’s" not in lead.get(url("alone")).content.decode()
    assert lead.post(url("alone"), {"what": "apart"}).status_code == 422
    assert not Operation.objects.exists()


def test_single_message_is_marked_and_the_mark_goes_again(pages: Client, mira: ChannelIdentity) -> None:
    assert pages.post(url(), {"what": "mistaken", "reason": "forwarded"}).status_code == 302
    assert said("second").detail["mistaken"]["by"] == "Ana Duarte"
    assert at("second") == mira.profile_id
    page = pages.get(f"/inbox/all/{mira.profile_id}/").content.decode()
    assert "Not the customer’s own: marked by Ana Duarte" in page
    assert "It is theirs after all" in pages.get(url()).content.decode()
    pages.post(url(), {"what": "mistaken"})
    pages.post(url(), {"what": "theirs"})
    assert said("second").detail["mistaken"] is None
    told = Entry.objects.filter(kind="work").order_by("id").values_list("detail__type", flat=True)
    assert list(told) == ["mistaken", "not_mistaken"]


def test_lead_settles_a_report_that_was_wrong(pages: Client, lead: Client, mira: ChannelIdentity) -> None:
    pages.post(url(), {"what": "apart"})
    pages.post(url(), {"what": "dismiss"})  # not an agent's to say
    assert MessageReport.objects.filter(settled_at=None).exists()
    lead.post(url(), {"what": "dismiss", "reason": "it was her"})
    assert not MessageReport.objects.filter(settled_at=None).exists()
    assert not Operation.objects.exists()
    pages.post(url(), {"what": "apart"})
    assert MessageReport.objects.count() == 2


@pytest.mark.parametrize("odd", [{}, {"what": "nothing"}, {"what": "since", "reason": "x" * 600}])
def test_odd_answers_are_asked_again(pages: Client, mira: ChannelIdentity, odd: dict[str, str]) -> None:
    assert pages.post(url(), odd).status_code == 422
    assert not MessageReport.objects.exists()


def test_message_of_a_line_that_the_agent_may_not_read_is_not_there(
    pages: Client, lead: Client, town: Town, mira: ChannelIdentity
) -> None:
    restrict(town.lines["whatsapp"], [])
    assert pages.get(url()).status_code == 404
    assert pages.post(url(), {"what": "mistaken"}).status_code == 404
    assert said("second").detail == {"type": "text"}
    assert lead.get(url()).status_code == 200
