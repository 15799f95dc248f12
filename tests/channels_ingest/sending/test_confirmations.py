"""An agent has a code sent to what a customer claims, and the customer types it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_ingest.accounts import connect
from channels_ingest.models import ConfirmationCode, OutboxMessage, SimulatedMessage
from channels_ingest.sending.confirmations import lines_for
from channels_ingest.sending.courier import send_due
from channels_ingest.sending.retrying import retry
from channels_ingest.sending.wishes import SendRefusedError, Wish
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier
from profiles.models import ChannelAccount, ChannelIdentity, Role, Sighting, StaffMember
from tests.channels_ingest.test_confirming import written
from tests.profiles.world import PHONES, World, browsing, mailing, message, new_world, phone, texting
from timeline.live import publish
from timeline.models import Entry


@pytest.fixture
def world(db: None) -> World:
    return new_world()


@pytest.fixture
def texts(db: None) -> ChannelAccount:
    return connect("sms_twilio", name="Texts", values={"auth_token": "hush" * 8})


@pytest.fixture
def claim(world: World) -> Sighting:
    world.deliver([("W", message("hi", browsing(0, phone(0, Grade.CLAIMED)), timezone.now() - timedelta(minutes=2)))])
    return Sighting.objects.get(grade=Grade.CLAIMED)


@pytest.fixture
def nora(client: Client, db: None, settings: Any) -> Client:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    client.force_login(StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT, name="Nora Holm"))
    return client


def confirm(nora: Client, claim: Sighting, line: ChannelAccount) -> Any:
    return nora.post(reverse("confirm-claim", args=[claim.pk]), {"line": line.pk})


@pytest.mark.django_db(transaction=True)
def test_customer_reads_the_code_and_types_it(
    nora: Client, world: World, claim: Sighting, texts: ChannelAccount, settings: Any, live_server: Any
) -> None:
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = live_server.url
    claimer = claim.channel_identity
    link = reverse("confirm-claim", args=[claim.pk])
    assert link in nora.get(reverse("inbox-customer", args=["all", claimer.profile_id])).content.decode()
    assert "Send a code to the" in nora.get(link).content.decode()
    assert confirm(nora, claim, texts).status_code == 302
    assert send_due() == 1
    taken = SimulatedMessage.objects.get()
    assert taken.to == PHONES[0]
    digits = next(word for word in taken.text.split() if word.strip(".").isdecimal()).strip(".")
    assert digits not in str(list(Entry.objects.values("text", "detail"))) + str(list(OutboxMessage.objects.values()))
    seat = ChannelIdentity.objects.get(account=texts)
    assert seat.profile_id != claimer.profile_id
    world.deliver([("W", written("code", browsing(0), digits, timezone.now()))])
    claimer.refresh_from_db()
    seat.refresh_from_db()
    assert seat.profile_id == claimer.profile_id
    assert link not in nora.get(reverse("inbox-customer", args=["all", claimer.profile_id])).content.decode()


def test_code_answers_nobody(nora: Client, world: World, claim: Sighting, texts: ChannelAccount) -> None:
    """The number's owner goes on waiting for a person."""
    sender = texting(0)
    world.lines["T"] = texts
    world.deliver([("T", message("sms", sender, timezone.now() - timedelta(hours=1)))])
    owner = ChannelIdentity.objects.get(account=texts)
    waiting = owner.profile.queue_row.waiting_since
    assert waiting is not None
    confirm(nora, claim, texts)
    assert Entry.objects.filter(channel_identity=owner, direction="out").count() == 1
    owner.profile.queue_row.refresh_from_db()
    assert owner.profile.queue_row.waiting_since == waiting


def test_refusal_is_said_and_nothing_is_sent(nora: Client, claim: Sighting, texts: ChannelAccount) -> None:
    for _ in range(3):
        assert confirm(nora, claim, texts).status_code == 302
    refused = confirm(nora, claim, texts)
    assert refused.status_code == 422
    assert "within the hour" in refused.content.decode()
    assert (ConfirmationCode.objects.count(), OutboxMessage.objects.count()) == (3, 3)


def test_code_that_failed_is_not_sent_again_without_its_digits(
    nora: Client, claim: Sighting, texts: ChannelAccount
) -> None:
    confirm(nora, claim, texts)
    OutboxMessage.objects.update(state=OutboxMessage.State.FAILED)
    Entry.objects.filter(direction="out").update(delivery="failed")
    failed = OutboxMessage.objects.get()
    assert failed.author is not None
    with pytest.raises(SendRefusedError) as refused:
        retry(failed, Wish(author=failed.author))
    assert (refused.value.code, OutboxMessage.objects.count()) == ("confirmation", 1)


def test_code_that_is_over_is_not_sent_late(nora: Client, claim: Sighting, texts: ChannelAccount) -> None:
    confirm(nora, claim, texts)
    ConfirmationCode.objects.update(expires_at=timezone.now())
    send_due()
    assert SimulatedMessage.objects.count() == 0
    message = OutboxMessage.objects.get()
    assert (message.state, message.fault) == (
        "failed",
        "The code was over before it could be sent. Ask for a new one.",
    )


def test_open_pages_hear_of_the_owner_whom_a_code_made(
    nora: Client, claim: Sighting, texts: ChannelAccount, monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    with django_capture_on_commit_callbacks() as callbacks:
        confirm(nora, claim, texts)
    told = [each.args[0] for each in callbacks if getattr(each, "func", None) is publish]
    seat = OutboxMessage.objects.get().channel_identity
    assert [(happened.profile_id, happened.entry_id) for happened in told[0]] == [(seat.profile_id, 0)]


@pytest.mark.parametrize("was_there", [True, False])
def test_code_goes_to_the_mailbox_however_it_was_spelled(nora: Client, world: World, was_there: bool) -> None:
    mails = connect("email_mime", name="Mails", values={"token": "a-long-random-word"})
    world.lines["M"] = mails
    if was_there:
        world.deliver([("M", message("mail", mailing(0), timezone.now() - timedelta(hours=1)))])
    typed = SeenIdentifier(IdentifierKind.EMAIL, "Mira@LINDHAUS.de", "", Grade.CLAIMED)
    world.deliver([("W", message("hi", browsing(0, typed), timezone.now()))])
    confirm(nora, Sighting.objects.get(grade=Grade.CLAIMED), mails)
    assert OutboxMessage.objects.get().channel_identity.address == "mira@lindhaus.de"
    assert ChannelIdentity.objects.filter(account=mails).count() == 1


def test_code_on_a_line_that_writes_numbers_without_a_plus(nora: Client, claim: Sighting) -> None:
    vonage = connect("sms_vonage", name="Vonage", values={"signature_secret": "s" * 32})
    confirm(nora, claim, vonage)
    assert OutboxMessage.objects.get().channel_identity.address == PHONES[0].removeprefix("+")


def test_our_own_address_gets_no_code(nora: Client, claim: Sighting, texts: ChannelAccount) -> None:
    connect("sms_twilio", name="Ours", values={"auth_token": "hush" * 8, "from": PHONES[0]})
    assert "one of ours" in confirm(nora, claim, texts).content.decode()
    assert OutboxMessage.objects.count() == 0


def test_line_that_reaches_no_phone_is_not_offered(nora: Client, claim: Sighting, world: World) -> None:
    ChannelAccount.objects.filter(channel="sms").update(is_enabled=False)
    assert lines_for(claim) == []
    page = nora.get(reverse("confirm-claim", args=[claim.pk])).content.decode()
    assert "No connected line reaches this address" in page
    assert confirm(nora, claim, world.lines["A"]).status_code == 422
    assert OutboxMessage.objects.count() == 0


def test_unknown_claim_is_not_there(nora: Client) -> None:
    assert nora.get(reverse("confirm-claim", args=[99])).status_code == 404
