"""One click out of marketing mail: through the inbox, without a session, told on the timeline."""

import re

import pytest
from django.test import Client

from channels_ingest import pipeline
from channels_ingest.accounts import connect
from channels_ingest.models import Envelope
from channels_ingest.sending.composing import send
from channels_ingest.sending.models import OutboxMessage
from channels_ingest.sending.wishes import Draft, SendRefusedError, Wish
from channels_ingest.unsubscribing import headers_for, token_of
from profiles.consent import Purpose, address_state
from profiles.models import ConsentEvent, StaffMember
from tests.channels_ingest.saying import Customer, account
from timeline.consents import write_down
from timeline.models import Entry

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def mira(db: None) -> Customer:
    mira = Customer(account("email"), "mira@home.example")
    mira.writes("Hello", 0)
    return mira


def url_of(customer: Customer) -> str:
    return f"/unsubscribe/{token_of(customer.identity.pk)}/"


def test_one_click_posts_without_a_session(mira: Customer) -> None:
    posting = Client(enforce_csrf_checks=True)
    assert posting.post(url_of(mira), ONE_CLICK).status_code == 200
    assert Envelope.objects.get().state == "received"
    assert address_state(mira.identity, Purpose.MARKETING).code == "no_consent"  # stored, and worked by the workers
    pipeline.drain()
    assert address_state(mira.identity, Purpose.MARKETING).code == "marketing_opted_out"
    assert address_state(mira.identity).is_open
    line = Entry.objects.get(kind="consent")
    assert (line.detail["source"], line.detail["purpose"], line.detail["is_granted"]) == (
        "list_unsubscribe",
        "marketing",
        False,
    )
    assert ConsentEvent.objects.get().evidence == line.provider_message_id


def test_repeated_click_is_one_and_a_later_one_counts_again(mira: Customer) -> None:
    client = Client()
    for _ in range(3):
        assert client.post(url_of(mira), ONE_CLICK).status_code == 200
    pipeline.drain()
    assert ConsentEvent.objects.count() <= 2  # two when a minute ended between
    ana = StaffMember.objects.create_staff("ana@hub.example", role="agent")
    write_down(mira.identity, "marketing", actor=ana, reason="asked for the newsletter")
    assert address_state(mira.identity, Purpose.MARKETING).is_open


def test_click_counts_that_follows_a_new_word_at_once(mira: Customer) -> None:
    ana = StaffMember.objects.create_staff("ana@hub.example", role="agent")
    for _ in range(2):
        write_down(mira.identity, "marketing", actor=ana, reason="asked for the newsletter")
        assert address_state(mira.identity, Purpose.MARKETING).is_open
        assert Client().post(url_of(mira), ONE_CLICK).status_code == 200
        pipeline.drain()
        assert address_state(mira.identity, Purpose.MARKETING).code == "marketing_opted_out"


def test_page_asks_first_and_changes_nothing(mira: Customer) -> None:
    answer = Client().get(url_of(mira))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<button" in page
    assert "mira" not in page
    assert answer["Cache-Control"] == "no-store"
    assert not Envelope.objects.exists()
    assert Client().head(url_of(mira)).status_code == 200
    assert not Envelope.objects.exists()
    assert "You are unsubscribed" in Client().post(url_of(mira)).content.decode()


@pytest.mark.parametrize("token", ["1", "1:bad", "0:" + "A" * 43, "x", "1:" + "é" * 10])
def test_foreign_token_is_nobodys(mira: Customer, token: str) -> None:
    for method in ("get", "post"):
        assert getattr(Client(), method)(f"/unsubscribe/{token}/").status_code == 404
    assert not Envelope.objects.exists()


def test_address_of_another_customer_cannot_be_guessed_from_ones_own(mira: Customer) -> None:
    number, _, signature = token_of(mira.identity.pk).partition(":")
    assert Client().post(f"/unsubscribe/{int(number) + 1}:{signature}/").status_code == 404


def test_mail_says_where_to_click(mira: Customer) -> None:
    headers = headers_for(mira.identity.pk)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<http://127\.0\.0\.1:8000(/unsubscribe/[\w:-]+/)>", headers["List-Unsubscribe"])
    assert found is not None
    assert found[1] == url_of(mira)
    assert "mira" not in headers["List-Unsubscribe"]


@pytest.mark.django_db
def test_marketing_mail_carries_the_address_and_an_answer_does_not() -> None:
    line = connect(
        "email_mime", name="News", values={"token": "a-long-random-word-of-ours", "from": "news@shop.example"}
    )
    mira = Customer(line, "mira@home.example")
    mira.writes("Hello", 0)
    ana = StaffMember.objects.create_staff("ana@hub.example", role="agent")
    write_down(mira.identity, "marketing", actor=ana, reason="asked for the newsletter")
    for purpose in ("marketing", "service"):
        draft = Draft(channel_identity_id=mira.identity.pk, text="News", purpose=purpose, subject="News")
        send(mira.identity.profile_id, draft, Wish(author=ana))
    marketing, service = OutboxMessage.objects.order_by("id")
    assert marketing.words["fields"] == dict(headers_for(mira.identity.pk))
    assert "fields" not in service.words
    write_down(mira.identity, "no_marketing", actor=ana, reason="had enough")
    with pytest.raises(SendRefusedError, match="opted out of marketing"):
        send(
            mira.identity.profile_id,
            Draft(channel_identity_id=mira.identity.pk, text="More news", purpose="marketing", subject="News"),
            Wish(author=ana),
        )
