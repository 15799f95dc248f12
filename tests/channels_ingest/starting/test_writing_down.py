"""Customers and addresses by hand: whose an address is, what it ties, what it does not, and taking it back."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from channels_ingest import pipeline
from channels_ingest.accounts import connect
from channels_ingest.starting.addressing import AddressRefusedError, lines_to_start_on, typed_on
from channels_ingest.starting.conversation import add, make, start
from profiles.adding import TakenError, TypedAddress, add_address
from profiles.correcting import undo
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender, Standing
from profiles.merging import unmerge
from profiles.models import ChannelAccount, ChannelIdentity, Operation, Profile, Review, StaffMember
from profiles.resolution import SenderSeen, identify
from profiles.reviews import raise_reviews
from tests.channels_ingest.sending.conftest import Answer, bearer, elias, nora, together
from tests.conftest import Deliver, whatsapp_change, whatsapp_text
from timeline.models import Entry
from timeline.outgoing import write_out
from timeline.recording import NewEntry

__all__ = ["Answer", "elias", "nora"]
pytestmark = pytest.mark.django_db
MIRA = "+46701740611"
BRAZIL_LONG, BRAZIL_SHORT = "+5511987654321", "551187654321"


@pytest.fixture
def sms(db: None) -> ChannelAccount:
    return connect("sms_twilio", name="Texts", values={"auth_token": "t", "account_sid": "AC1", "from": "+12025550111"})


@pytest.fixture
def mail(db: None) -> ChannelAccount:
    return connect(
        "email_postmark", name="Mail", values={"password": "a-long-random-word", "from": "shop@lindqvist.example"}
    )


def proved(
    account: ChannelAccount, address: str, kind: str, value: str, *, standing: Standing = Standing.PROVED
) -> int:
    """A sender as the pipeline sees one; their profile's id."""
    grade = Grade.PROVED if standing is Standing.PROVED else Grade.CLAIMED
    sender = Sender(
        address=address, standing=standing, identifiers=(SeenIdentifier(IdentifierKind(kind), value, "", grade),)
    )
    done = identify([SenderSeen(account_id=account.pk, sender=sender, occurred_at=timezone.now(), source="m1")])
    raise_reviews(done.found)
    return profile_of(done.channel_identity_ids[0])


def profile_of(channel_identity_id: int) -> int:
    return ChannelIdentity.objects.get(id=channel_identity_id).profile_id


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("070 174 06 11", "Write the number with its country code: +44 20 7946 0958."),
        ("+46", "No phone can have this number. Is a digit missing?"),
        ("+4670174061", "No phone can have this number. Is a digit missing?"),
        ("mira", "This is no phone number."),
        ("+46 70 174 06 11 ext. 5", "This is no phone number."),
        ("+12025550111", "This is one of our own addresses."),
    ],
)
def test_number_that_nobody_can_have_is_refused_in_words(sms: ChannelAccount, typed: str, reason: str) -> None:
    with pytest.raises(AddressRefusedError) as refused:
        typed_on(sms, typed)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("(415) 555-2671", "+14155552671"),
        ("tel:+46-70-174-06-11", "+46701740611"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("0046 (0)70 174 06 11", "+46701740611"),
        ("\u0664\u0661\u0665 555 2671", "+14155552671"),
    ],
)
def test_number_is_read_as_people_write_it_in_the_lines_own_country(
    sms: ChannelAccount, typed: str, value: str
) -> None:
    assert typed_on(sms, typed).value == value


def test_number_without_its_country_needs_one_country(sms: ChannelAccount) -> None:
    elsewhere = connect("sms_twilio", name="Kiel", values={"auth_token": "t", "from": "+4943112345678"})
    assert typed_on(elsewhere, "0431 123456").value == "+49431123456"
    assert typed_on(sms, "(415) 555-2671").value == "+14155552671"
    whatsapp = connect("whatsapp_cloud", name="Nobody's", values={"app_secret": "a", "verify_token": "b"})
    with pytest.raises(AddressRefusedError, match="country code"):
        typed_on(whatsapp, "(415) 555-2671")


@pytest.mark.parametrize(
    "typed", ["", "mira", "mira@", "mira@lindhaus", "a@b@c.de", "m\u200bira@lindhaus.de", "x" * 400]
)
def test_what_is_no_mailbox_is_refused(mail: ChannelAccount, typed: str) -> None:
    with pytest.raises(AddressRefusedError):
        typed_on(mail, typed)


def test_conversation_starts_with_whoever_has_the_number_on_the_line(
    sms: ChannelAccount, nora: StaffMember, mail: ChannelAccount
) -> None:
    mira = proved(sms, MIRA, "phone", MIRA)
    started = start(typed_on(sms, "+46 70 174 06 11"), actor=nora)
    assert (started.profile_id, started.is_new, started.operation) == (mira, False, None)
    assert ChannelIdentity.objects.count() == 1


def test_customer_known_on_another_line_gains_the_address_here(
    sms: ChannelAccount, whatsapp: ChannelAccount, nora: StaffMember
) -> None:
    mira = proved(sms, MIRA, "phone", MIRA)
    started = start(typed_on(whatsapp, MIRA), actor=nora)
    assert started.profile_id == mira
    seat = ChannelIdentity.objects.get(id=started.channel_identity_id)
    assert (seat.account, seat.address, seat.profile_id) == (whatsapp, "46701740611", mira)
    assert Operation.objects.get().verb == "add"


def test_two_starts_at_the_same_moment_make_one_customer(sms: ChannelAccount, nora: StaffMember) -> None:
    first = start(typed_on(sms, MIRA), actor=nora, name="Mira")
    again = start(typed_on(sms, MIRA), actor=nora)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.channel_identity_id == again.channel_identity_id


def test_made_customer_has_all_addresses_and_the_name(
    sms: ChannelAccount, mail: ChannelAccount, whatsapp: ChannelAccount, nora: StaffMember
) -> None:
    typed = [typed_on(sms, MIRA), typed_on(mail, "Mira@Lindhaus.DE"), typed_on(whatsapp, MIRA)]
    made = make(typed, actor=nora, name="  Mira Lind ", reason="called us")
    seats = ChannelIdentity.objects.filter(profile_id=made.profile_id).order_by("id")
    assert sorted(seats.values_list("address", flat=True)) == [MIRA, "46701740611", "mira@lindhaus.de"]
    assert Profile.objects.get(id=made.profile_id).display_name == "Mira Lind"
    operation = Operation.objects.get()
    assert (operation.verb, operation.reason, operation.actor) == ("add", "called us", nora)
    undo(operation, actor=nora)
    assert len(set(ChannelIdentity.objects.values_list("profile_id", flat=True))) == 3


def test_what_somebody_else_has_is_not_stolen(sms: ChannelAccount, mail: ChannelAccount, nora: StaffMember) -> None:
    mira, tomas = proved(sms, MIRA, "phone", MIRA), proved(mail, "tomas@lindhaus.de", "email", "tomas@lindhaus.de")
    with pytest.raises(TakenError) as taken:
        add(tomas, typed_on(sms, MIRA), actor=nora)
    assert taken.value.profile_ids == (mira,)
    with pytest.raises(TakenError):
        make([typed_on(mail, "new@lindhaus.de"), typed_on(sms, MIRA)], actor=nora, name="")
    assert not Operation.objects.exists()
    assert ChannelIdentity.objects.count() == 2


def test_added_address_ties_its_customer_alone_and_can_be_taken_back(
    sms: ChannelAccount, mail: ChannelAccount, nora: StaffMember
) -> None:
    mira = proved(mail, "mira@lindhaus.de", "email", "mira@lindhaus.de")
    claimer = proved(mail, "x@lindhaus.de", "phone", MIRA, standing=Standing.UNPROVED)
    added = add(mira, typed_on(sms, MIRA), actor=nora, reason="told us on the phone")
    assert added.profile_id == mira
    assert claimer not in (mira, added.profile_id)
    again = add(mira, typed_on(sms, MIRA), actor=nora)
    assert (again.channel_identity_id, again.operation) == (added.channel_identity_id, None)
    [line] = Entry.objects.filter(kind="identity", channel_identity_id=added.channel_identity_id)
    assert (line.detail["verb"], line.detail["type"]) == ("add", "joined")

    undo(Operation.objects.get(), actor=nora)
    assert profile_of(added.channel_identity_id) == added.channel_identity_id
    assert add(mira, typed_on(sms, MIRA), actor=nora).profile_id == mira  # nobody had used it yet
    assert profile_of(added.channel_identity_id) == mira
    unmerge(mira, [added.channel_identity_id], actor=nora)
    assert profile_of(added.channel_identity_id) == added.channel_identity_id
    with pytest.raises(TakenError):  # somebody said that it is not hers
        add(mira, typed_on(sms, MIRA), actor=nora)


def test_customer_made_by_hand_is_not_swallowed_by_another(
    sms: ChannelAccount, mail: ChannelAccount, nora: StaffMember
) -> None:
    mira = proved(mail, "mira@lindhaus.de", "email", "mira@lindhaus.de")
    tomas = make([typed_on(sms, MIRA)], actor=nora, name="Tomas").profile_id
    with pytest.raises(TakenError) as taken:
        add(mira, typed_on(sms, MIRA), actor=nora)
    assert taken.value.profile_ids == (tomas,)


def test_claim_of_a_typed_address_is_for_a_human_to_look_at(mail: ChannelAccount, nora: StaffMember) -> None:
    """A mail that nothing proves comes from a sender of its own, beside the customer it may be."""
    typed = typed_on(mail, "mira@lindhaus.de")
    mira = start(typed, actor=nora, name="Mira").profile_id
    unproved = proved(mail, "mira@lindhaus.de", "email", "mira@lindhaus.de", standing=Standing.UNPROVED)
    assert unproved != mira
    review = Review.objects.get()
    assert (review.kind, review.one_id, review.other_id) == ("claim", mira, unproved)
    assert review.reasons[0]["code"] == "typed"


def sent_on(seat: ChannelIdentity, wamid: str) -> None:
    entry = NewEntry(
        channel_identity_id=seat.pk,
        account_id=seat.account_id,
        kind="message",  # type: ignore[arg-type]
        direction="out",  # type: ignore[arg-type]
        occurred_at=timezone.now(),
        text="Hello",
        detail={"type": "text"},
        delivery="sent",  # type: ignore[arg-type]
        provider_message_id=wamid,
    )
    write_out(entry, profile_id=seat.profile_id)


def status(word: str, wamid: str, **recipient: str) -> dict[str, Any]:
    return whatsapp_change(statuses=[{"id": wamid, "status": word, "timestamp": str(int(time.time())), **recipient}])


@pytest.mark.parametrize("order", ["report first", "answer first"])
def test_answer_under_a_user_id_comes_to_the_number_that_was_written_to(
    whatsapp: ChannelAccount, nora: StaffMember, deliver: Deliver, order: str
) -> None:
    started = start(typed_on(whatsapp, MIRA), actor=nora, name="Mira")
    sent_on(ChannelIdentity.objects.get(id=started.channel_identity_id), "wamid.out")
    report = status("delivered", "wamid.out", recipient_id="46701740611", recipient_user_id="SE.77123")
    answer = whatsapp_text("Hi!", wamid="wamid.in", wa_id="46701740611", at=int(time.time()), from_user_id="SE.77123")
    for body in (report, answer) if order == "report first" else (answer, report):
        assert deliver(body).status_code == 200
        pipeline.drain()
    entry = Entry.objects.select_related("channel_identity").get(provider_message_id="wamid.in")
    assert entry.channel_identity.address == "SE.77123"
    assert entry.channel_identity.profile_id == started.profile_id
    assert Profile.objects.get(id=started.profile_id).display_name == "Mira"
    reply = start(typed_on(whatsapp, MIRA), actor=nora)
    assert reply.profile_id == started.profile_id


def test_answer_from_the_number_as_whatsapp_spells_it_comes_to_the_same_customer(
    whatsapp: ChannelAccount, nora: StaffMember, deliver: Deliver
) -> None:
    started = start(typed_on(whatsapp, BRAZIL_LONG), actor=nora, name="Bia")
    sent_on(ChannelIdentity.objects.get(id=started.channel_identity_id), "wamid.out")
    deliver(status("delivered", "wamid.out", recipient_id=BRAZIL_SHORT))
    deliver(whatsapp_text("Oi!", wamid="wamid.in", wa_id=BRAZIL_SHORT, at=int(time.time())))
    pipeline.drain()
    entry = Entry.objects.select_related("channel_identity").get(provider_message_id="wamid.in")
    assert entry.channel_identity.address == BRAZIL_SHORT
    assert entry.channel_identity.profile_id == started.profile_id


def test_id_in_the_report_counts_although_the_number_answered_first(
    whatsapp: ChannelAccount, nora: StaffMember, deliver: Deliver
) -> None:
    started = start(typed_on(whatsapp, MIRA), actor=nora, name="Mira")
    sent_on(ChannelIdentity.objects.get(id=started.channel_identity_id), "wamid.out")
    later = int(time.time()) + 2
    deliver(whatsapp_text("Hi!", wamid="wamid.in", wa_id="46701740611", at=later))
    pipeline.drain()
    deliver(status("delivered", "wamid.out", recipient_id="46701740611", recipient_user_id="SE.77123"))
    hidden = {
        "from_user_id": "SE.77123",
        "id": "wamid.2",
        "timestamp": str(later),
        "type": "text",
        "text": {"body": "?"},
    }
    deliver(whatsapp_change(messages=[hidden], contacts=[{"profile": {"name": "M"}, "user_id": "SE.77123"}]))
    pipeline.drain()
    entry = Entry.objects.select_related("channel_identity").get(provider_message_id="wamid.2")
    assert entry.channel_identity.address == "SE.77123"
    assert entry.channel_identity.profile_id == started.profile_id


def test_report_of_a_later_message_says_nothing_about_who_wrote_before(
    whatsapp: ChannelAccount, nora: StaffMember, deliver: Deliver
) -> None:
    """The number may have been passed on since: the phone that took the message is no proof of who wrote."""
    deliver(whatsapp_text("Hi!", wamid="wamid.in", wa_id="46701740611", at=int(time.time()) - 90))
    pipeline.drain()
    mira = ChannelIdentity.objects.get()
    sent_on(mira, "wamid.out")
    deliver(status("delivered", "wamid.out", recipient_id="46701740611", recipient_user_id="SE.9"))
    pipeline.drain()
    assert {row.identifier.kind for row in mira.sightings.select_related("identifier")} == {"phone"}


def test_report_about_another_number_proves_nothing(
    whatsapp: ChannelAccount, nora: StaffMember, deliver: Deliver
) -> None:
    started = start(typed_on(whatsapp, MIRA), actor=nora)
    seat = ChannelIdentity.objects.get(id=started.channel_identity_id)
    sent_on(seat, "wamid.out")
    deliver(status("delivered", "wamid.out", recipient_id="46701740622", recipient_user_id="SE.1"))
    deliver(status("sent", "wamid.out", recipient_id="46701740611"))
    pipeline.drain()
    assert [row.grade for row in seat.sightings.all()] == ["claimed"]


Post = Callable[..., HttpResponse]


@pytest.fixture
def post(client: Client, nora: StaffMember) -> Post:
    headers = bearer(nora)

    def posted(url: str, body: Any) -> HttpResponse:
        return client.post(url, body, content_type="application/json", headers=headers)

    return posted


def test_api_makes_adds_and_says_whose_it_is(sms: ChannelAccount, mail: ChannelAccount, post: Post) -> None:
    made: Any = post("/api/v1/profiles/", {"name": "Mira", "addresses": [{"account": "Texts", "address": MIRA}]})
    assert made.status_code == 201
    assert made.json()["operation"] is None
    profile = made.json()["profile"]
    address = {"account": mail.key, "address": "mira@lindhaus.de", "reason": "on the phone"}
    added: Any = post(f"/api/v1/profiles/{profile}/addresses/", address)
    assert (added.status_code, added.json()["profile"]) == (201, profile)
    assert post(f"/api/v1/profiles/{profile}/addresses/", address).status_code == 200
    taken: Any = post("/api/v1/profiles/", {"addresses": [{"account": "Texts", "address": MIRA}]})
    assert (taken.status_code, taken.json()["profiles"]) == (409, [profile])
    assert taken["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"addresses": []},
        {"addresses": "x"},
        {"addresses": [{"account": "Nowhere", "address": MIRA}]},
        {"addresses": [{"account": "Texts", "address": "070"}]},
        {"addresses": [{"account": "Texts", "address": "\u0000"}]},
        {"addresses": [{"account": "Texts", "address": MIRA}] * 11},
    ],
)
def test_api_refuses_what_makes_nobody(sms: ChannelAccount, post: Post, body: Any) -> None:
    assert post("/api/v1/profiles/", body).status_code == 400
    assert not ChannelIdentity.objects.exists()


def test_unknown_customer_gains_nothing(sms: ChannelAccount, post: Post) -> None:
    body = {"account": "Texts", "address": MIRA}
    assert post("/api/v1/profiles/77/addresses/", body).status_code == 404
    assert post(f"/api/v1/profiles/{2**63}/addresses/", body).status_code == 404


def test_lines_that_only_receive_or_chat_are_not_offered(sms: ChannelAccount, mail: ChannelAccount) -> None:
    connect("webchat", name="Chat", values={"allowed_origins": "https://shop.example"})
    assert [account.name for account, _ in lines_to_start_on()] == ["Mail", "Texts"]


@pytest.mark.django_db(transaction=True)
def test_two_colleagues_add_the_same_address_to_two_customers_and_one_wins(
    sms: ChannelAccount, mail: ChannelAccount, nora: StaffMember
) -> None:
    with transaction.atomic():
        people = [proved(mail, f"p{n}@lindhaus.de", "email", f"p{n}@lindhaus.de") for n in range(4)]
    typed = typed_on(sms, MIRA)

    def adds(profile_id: int, typed: TypedAddress = typed) -> Callable[[], str]:
        def run() -> str:
            try:
                add_address(profile_id, typed, actor=nora)
            except TakenError:
                return "taken"
            return "added"

        return run

    assert sorted(together([adds(pk) for pk in people])) == ["added", "taken", "taken", "taken"]
    assert ChannelIdentity.objects.filter(address=MIRA).count() == 1


@pytest.mark.django_db(transaction=True)
def test_colleagues_start_with_the_same_number_at_once_and_find_one_customer(
    sms: ChannelAccount, nora: StaffMember
) -> None:
    typed = typed_on(sms, MIRA)
    results = together([lambda: start(typed, actor=nora).channel_identity_id] * 4)
    assert len(set(results)) == 1
    assert None not in results
