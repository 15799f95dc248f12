"""Consent beside the timeline, what colleagues write down, blocked senders, spam: by the page, without a script."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from channels_ingest.adapters.sending import Refused
from channels_ingest.blocks import block_refused
from channels_ingest.models import IntakeCount
from profiles.consent import Purpose, address_state
from profiles.models import ChannelIdentity, ConsentEvent, StaffMember
from profiles.reading import describe
from tests.channels_ingest.saying import Customer, account, at
from tests.pages.reading_html import words
from timeline.entries import SetAside
from timeline.keeping_out import block, mark_spam
from timeline.models import Entry, QueueRow
from timeline.pages.consent import consent_part
from timeline.pages.panel import panel_of
from timeline.spam import kept_out, kept_out_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(client: Client) -> Client:
    client.force_login(StaffMember.objects.create_staff("ana@hub.example", role="agent"))
    return client


def page_of(client: Client, customer: Customer, view: str = "all") -> str:
    answer = client.get(f"/inbox/{view}/{customer.identity.profile_id}/")
    assert answer.status_code == 200
    return words(answer)


def say(client: Client, customer: Customer, said: str, reason: str = "on the phone, 3 March") -> None:
    url = f"/addresses/{customer.identity.pk}/consent/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"said": said, "reason": reason}).status_code == 302


def is_waiting(customer: Customer) -> bool:
    return QueueRow.objects.filter(profile=customer.identity.profile_id, waiting_since__isnull=False).exists()


def test_stop_is_shown_with_its_message(agent: Client) -> None:
    mira = Customer(account("sms"))
    mira.writes("Hello", 0)
    assert "Nothing said yet. Answers are fine; marketing needs their word." in page_of(agent, mira)
    mira.writes("STOP", 1)
    page = page_of(agent, mira)
    assert "All messages by SMS: withdrawn" in page
    assert "wrote a keyword" in page
    stop = Entry.objects.get(text="STOP")
    event = ConsentEvent.objects.get()
    assert f'href="/consents/{event.pk}/"' in agent.get(f"/inbox/all/{mira.identity.profile_id}/").content.decode()
    shown = agent.get(f"/consents/{event.pk}/")
    assert shown["Location"] == f"/inbox/all/{mira.identity.profile_id}/?entry={stop.pk}#e-{stop.pk}"
    assert agent.get("/consents/999999/").status_code == 404


def test_consent_costs_the_page_no_query(agent: Client, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    mira = Customer(account("sms"))
    for minutes, text in enumerate(("Hello", "STOP", "START", "please stop texting me")):
        mira.writes(text, minutes)
    profile = describe(mira.identity.profile_id)
    assert profile is not None
    panel = panel_of(profile)
    with django_assert_num_queries(0):
        assert len(consent_part(panel).rows) == 2


def test_agent_writes_down_what_the_customer_said(agent: Client) -> None:
    mira = Customer(account("sms"))
    mira.writes("Hello", 0)
    say(agent, mira, "marketing")
    assert address_state(mira.identity, Purpose.MARKETING).is_open
    assert "Marketing by SMS: given" in page_of(agent, mira)
    assert "on the phone, 3 March" in page_of(agent, mira)
    say(agent, mira, "marketing")
    assert ConsentEvent.objects.count() == 1  # a double click writes once
    say(agent, mira, "nothing")
    assert address_state(mira.identity).code == "opted_out"
    event = ConsentEvent.objects.latest("id")
    assert event.actor is not None
    assert (event.actor.email, event.reason, event.source) == ("ana@hub.example", "on the phone, 3 March", "agent")
    line = Entry.objects.filter(kind="consent").latest("id")
    assert (line.provider_message_id, line.detail["by"]) == (event.evidence, str(event.actor))


def test_reason_is_needed_and_odd_words_are_refused(agent: Client) -> None:
    mira = Customer(account("sms"))
    mira.writes("Hello", 0)
    url = f"/addresses/{mira.identity.pk}/consent/"
    for sent in ({"said": "marketing", "reason": " "}, {"said": "everything", "reason": "x"}, {}):
        assert agent.post(url, sent).status_code == 422
    assert agent.get("/addresses/999999/consent/").status_code == 404
    assert not ConsentEvent.objects.exists()


def test_doubt_is_decided_once_for_everybody_at_the_address(agent: Client) -> None:
    mira = Customer(account("sms"))
    mira.writes("please stop texting me", 0)
    page = page_of(agent, mira)
    assert "Perhaps an opt-out by SMS" in page
    assert "Marketing is held until somebody has looked." in page
    assert page.count("Decide …") == 2
    say(agent, mira, "no_opt_out")
    assert "Perhaps an opt-out by SMS Marketing" not in page_of(agent, mira)
    assert address_state(mira.identity, Purpose.MARKETING).code == "no_consent"
    mira.writes("really, stop texting me", 1)
    say(agent, mira, "nothing")
    state = address_state(mira.identity, Purpose.MARKETING)
    assert state.code == "opted_out"
    assert "Marketing is held" not in page_of(agent, mira)


def test_provider_block_is_shown_and_no_agent_lifts_it(agent: Client) -> None:
    mira = Customer(account("sms"))
    mira.writes("Hello", 0)
    refused = Refused(code="21610", reason="opted out", closes="opted_out")
    block_refused(mira.identity, code=refused.code, key="outbox:1", at=at(1))
    block_refused(mira.identity, code=refused.code, key="outbox:1", at=at(1))
    assert "The provider blocks our messages until the customer writes START" in page_of(agent, mira)
    say(agent, mira, "again")
    assert address_state(mira.identity).code == "provider_block"


def test_blocked_sender_waits_for_nobody_until_unblocked(agent: Client) -> None:
    mira = Customer(account("sms"))
    mira.writes("buy this", 0)
    assert is_waiting(mira)
    identity = mira.identity
    url = f"/addresses/{identity.pk}/block/"
    assert "stays on the timeline" in words(agent.get(url))
    assert agent.post(url, {"reason": "sells things"}).status_code == 302
    assert not QueueRow.objects.exists()
    mira.writes("and this", 1)
    assert not QueueRow.objects.exists()
    assert f'id="row-{identity.profile_id}"' not in agent.get("/inbox/all/").content.decode()
    assert f'id="row-{identity.profile_id}"' in agent.get("/inbox/spam/").content.decode()
    page = page_of(agent, mira, "spam")
    assert "ana@hub.example blocked this address: what it sends waits for nobody sells things" in page
    assert "and this" in page
    agent.post(f"/addresses/{identity.pk}/unblock/", {"reason": ""})
    assert ChannelIdentity.objects.get(pk=identity.pk).blocked_at is None
    assert QueueRow.objects.get().waiting_since == at(0)
    assert f'id="row-{identity.profile_id}"' not in agent.get("/inbox/spam/").content.decode()


def test_whole_customer_is_blocked_at_once(agent: Client) -> None:
    one = Customer(account("sms"))
    other = Customer(account("whatsapp"), "15550100001")
    one.writes("buy this", 0)
    other.writes("buy that", 1, key="w1")
    ChannelIdentity.objects.filter(pk=other.identity.pk).update(profile_id=one.identity.profile_id)
    agent.post(f"/addresses/{one.identity.pk}/block/", {"reason": "", "everywhere": "on"})
    assert ChannelIdentity.objects.filter(blocked_at__isnull=False).count() == 2
    assert Entry.objects.filter(kind="work").count() == 2


def test_spam_verdict_keeps_a_mail_out_of_the_queue_and_is_reversed(agent: Client) -> None:
    spammer = Customer(account("email"), "win@prizes.example")
    spammer.writes("You won", 0, detail={"verdict": {"spam": True}})
    entry = Entry.objects.get()
    assert (entry.set_aside, QueueRow.objects.count()) == ("spam", 0)
    assert f'id="row-{spammer.identity.profile_id}"' in agent.get("/inbox/spam/").content.decode()
    page = page_of(agent, spammer)
    assert "Marked as spam: not in the queue" in page
    assert agent.post(f"/entries/{entry.pk}/not-spam/", {"reason": "a real prize"}).status_code == 302
    assert is_waiting(spammer)
    assert "ana@hub.example found a message to be no spam a real prize" in page_of(agent, spammer)
    assert agent.post(f"/entries/{entry.pk}/spam/", {}).status_code == 302
    assert not is_waiting(spammer)
    assert Entry.objects.get(pk=entry.pk).set_aside == SetAside.SPAM


def test_spam_does_not_hide_a_later_question(agent: Client) -> None:
    mira = Customer(account("email"), "mira@home.example")
    mira.writes("You won", 0, detail={"verdict": {"spam": True}})
    mira.writes("Where is my parcel?", 1)
    assert QueueRow.objects.get().waiting_since == at(1)


def test_only_what_customers_wrote_is_spam(agent: Client) -> None:
    mira = Customer(account("email"), "mira@home.example")
    mira.gets("Hello", 0)
    entry = Entry.objects.get()
    assert agent.post(f"/entries/{entry.pk}/spam/", {}).status_code == 404
    assert agent.post(f"/entries/{entry.pk}/ham/", {}).status_code == 404


@pytest.mark.parametrize("path", ["consent", "block", "unblock"])
def test_strangers_are_asked_to_log_in(client: Client, path: str) -> None:
    mira = Customer(account("sms"))
    mira.writes("Hello", 0)
    assert client.post(f"/addresses/{mira.identity.pk}/{path}/", {"reason": ""}).status_code == 302
    assert not Entry.objects.filter(kind="work").exists()


def test_messages_of_colleagues_are_told_of_where_somebody_looks_for_them(agent: Client) -> None:
    assert "colleagues" not in words(agent.get("/inbox/spam/ours/"))
    IntakeCount.objects.create(account=account("email", "Support"), hour=timezone.now(), outcome="own", count=2)
    IntakeCount.objects.create(
        account=account("email", "Support"), hour=timezone.now() - timedelta(days=9), outcome="own", count=5
    )
    assert "so no customer was made: Support 2." in words(agent.get("/inbox/spam/ours/"))
    assert 'hx-get="/inbox/spam/ours/"' in agent.get("/inbox/all/").content.decode()  # nothing has arrived yet
    Customer(account("sms")).writes("Hello", 0)
    assert 'hx-get="/inbox/spam/ours/"' in agent.get("/inbox/spam/").content.decode()
    assert 'hx-get="/inbox/spam/ours/"' not in agent.get("/inbox/all/").content.decode()


def test_kept_out_customers_come_page_by_page_each_once(agent: Client) -> None:
    line, ana = account("sms"), StaffMember.objects.get()
    for number in range(7):
        customer = Customer(line, f"+1555010000{number}")
        customer.writes("first", number)
        customer.writes("second", number + 20)
        for entry in Entry.objects.filter(channel_identity=customer.identity, direction="in"):
            mark_spam(entry, actor=ana, is_spam=True)
    blocked = Customer(line, "+15550200001")
    blocked.writes("buy this", 40)
    block([blocked.identity.pk], actor=ana)
    found, cursor = [], None
    for _ in range(4):
        page = kept_out_page(after=cursor, limit=3)
        found += page.rows
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(row.entry.text for row in found if row.entry) == ["buy this"] + ["second"] * 7
    assert len({row.profile_id for row in found}) == 8
    assert [row.moment for row in found] == sorted((row.moment for row in found), reverse=True)
    assert [row.profile_id for row in kept_out([found[2].profile_id])] == [found[2].profile_id]


def test_any_number_of_blocked_senders_costs_four_queries(agent: Client, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    line, ana = account("sms"), StaffMember.objects.get()
    for number in range(5):
        customer = Customer(line, f"+1555010000{number}")
        customer.writes("buy this", number)
        block([customer.identity.pk], actor=ana)
    with django_assert_num_queries(4):
        rows = kept_out_page().rows
    assert [row.entry.text if row.entry else "" for row in rows] == ["buy this"] * 5
