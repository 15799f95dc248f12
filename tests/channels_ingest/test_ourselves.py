"""Our own lines and colleagues make no customer, join nobody, and what they sent is kept and counted."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.test import Client

from channels_ingest import pipeline
from channels_ingest.batches import Batch
from channels_ingest.items import write
from channels_ingest.messages import Located, Message
from channels_ingest.models import Envelope, IntakeCount
from channels_ingest.ourselves import Ourselves
from channels_ingest.routing import Router
from profiles.identity.values import IdentifierKind, SeenIdentifier, Sender, Standing
from profiles.models import ChannelAccount, ChannelIdentity, Identifier, OwnAddress, Role, StaffMember
from profiles.own_lines import own_key, refold_own, state_own
from profiles.resolution import identify
from profiles.seeing import SenderSeen
from tests.channels_ingest.evidence import Shop
from tests.conftest import Deliver, whatsapp_text
from timeline.entries import Direction
from timeline.models import Entry

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OUR_NUMBER = "15550783881"  # the display number of the tests' line


@pytest.mark.django_db(transaction=True)
def test_message_between_own_lines_makes_no_customer_and_is_counted(deliver: Deliver, whatsapp: ChannelAccount) -> None:
    assert deliver(whatsapp_text("from a customer", wamid="in.1")).status_code == 200
    pipeline.drain()
    assert deliver(whatsapp_text("from our other line", wamid="in.2", wa_id=OUR_NUMBER)).status_code == 200
    pipeline.drain()
    assert list(Entry.objects.values_list("text", flat=True)) == ["from a customer"]
    assert list(ChannelIdentity.objects.values_list("address", flat=True)) == ["15550100001"]
    kept = Envelope.objects.order_by("id").last()
    assert kept is not None
    assert (kept.state, kept.fault) == ("processed", "our own: entry[0].changes[0].value.messages[0]")
    assert IntakeCount.objects.get(account=whatsapp, outcome="own").count == 1


@pytest.mark.django_db(transaction=True)
def test_line_is_known_in_the_very_delivery_that_shows_it(deliver: Deliver) -> None:
    deliver(whatsapp_text("hello ourselves", wamid="in.1", wa_id=OUR_NUMBER))
    pipeline.drain()
    assert not ChannelIdentity.objects.exists()
    assert OwnAddress.objects.get().join_key == "+15550783881"


def seen(account: ChannelAccount, address: str, *more: SeenIdentifier) -> SenderSeen:
    phone = SeenIdentifier(IdentifierKind.PHONE, "+4930550011")
    sender = Sender(address=address, identifiers=(phone, *more))
    return SenderSeen(account_id=account.pk, sender=sender, occurred_at=NOW, source="test")


def people() -> int:
    return ChannelIdentity.objects.values("profile_id").distinct().count()


@pytest.mark.django_db(transaction=True)
def test_number_that_turns_out_to_be_ours_joins_nobody_any_more(whatsapp: ChannelAccount) -> None:
    with transaction.atomic():
        identify([seen(whatsapp, "4930550011")])
        identify([seen(whatsapp, "41", SeenIdentifier(IdentifierKind.CUSTOMER_ID, "41", scope="shop"))])
    assert people() == 1
    refold_own(state_own(whatsapp.pk, ["+49 30 550011"]))
    assert Identifier.objects.get(kind="phone").status == "blocked"
    assert people() == 2
    refold_own(state_own(whatsapp.pk, []))
    assert Identifier.objects.get(kind="phone").status == "normal"
    assert people() == 1


@pytest.mark.django_db
def test_colleague_by_mail_is_no_customer_and_a_former_one_is() -> None:
    StaffMember.objects.create_staff("Ana@Shop.example", role=Role.AGENT)
    StaffMember.objects.create_staff("gone@shop.example", role=Role.AGENT)
    StaffMember.objects.filter(email="gone@shop.example").update(is_active=False)

    def mail(address: str) -> Located:
        sender = Sender(
            address=address, standing=Standing.UNPROVED, identifiers=(SeenIdentifier(IdentifierKind.EMAIL, address),)
        )
        item = Message(sender=sender, provider_message_id=address, occurred_at=NOW, direction=Direction.IN)
        return Located(item=item, path="mail")

    mails = [mail(address) for address in ("ana@shop.example", "gone@shop.example", "mira@home.example")]
    ourselves = Ourselves.met((1, each) for each in mails)
    assert [ourselves.wrote(each.item) for each in mails] == [True, False, False]


@pytest.mark.django_db(transaction=True)
def test_form_on_our_site_is_a_claim_of_who_filled_it_in(whatsapp: ChannelAccount) -> None:
    StaffMember.objects.create_staff("ana@shop.example", role=Role.AGENT)
    state_own(whatsapp.pk, ["form@shop.example", "support@shop.example"])

    def mail(reply_address: str, key: str) -> Located:
        ours = SeenIdentifier(IdentifierKind.EMAIL, "form@shop.example")
        item = Message(
            sender=Sender(address="form@shop.example", identifiers=(ours,)),
            provider_message_id=key,
            occurred_at=NOW,
            direction=Direction.IN,
            text="My parcel is lost",
            detail={"type": "mail", "reply_address": reply_address},
        )
        return Located(item=item, path=key)

    mails = [
        mail("Mira@Home.example", "1"),
        mail("support+t4@shop.example", "2"),
        mail("ana@shop.example", "3"),
        mail("", "4"),
    ]
    batch = Batch(Ourselves.met((whatsapp.pk, each) for each in mails))
    assert batch.add(Envelope(account=whatsapp), mails, Router(), []) == ["2", "3", "4"]
    with transaction.atomic():
        write(batch)
    identity = ChannelIdentity.objects.get()
    assert (identity.address, identity.standing) == ("mira@home.example", "unproved")
    assert identity.sightings.get().grade == "claimed"
    assert Entry.objects.get().detail["form_of"] == "form@shop.example"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("+49 30 5550011", ("phone", "+49305550011")),
        ("whatsapp:+14155238886", ("phone", "+14155238886")),
        ("Support@Shop.example", ("email", "support@shop.example")),
        ("MG0123456789abcdef", None),
        ("HUBSHOP", None),
        ("", None),
    ],
)
def test_own_address_is_read_by_its_look(text: str, key: tuple[str, str] | None) -> None:
    assert own_key(text) == key


@pytest.mark.django_db(transaction=True)
def test_trusted_server_is_told_that_an_own_mailbox_is_no_customer(
    client: Client, token_for: Callable[[Role], dict[str, str]], whatsapp: ChannelAccount
) -> None:
    state_own(whatsapp.pk, ["support@hub.de"])
    shop = Shop(client, token_for(Role.INGEST))
    mailbox = {"source": "shop", "identifiers": [{"kind": "email", "value": "support+t42@hub.de"}]}
    customer = {
        "source": "shop",
        "identifiers": [{"kind": "customer_id", "value": "42"}, {"kind": "email", "value": "support@hub.de"}],
    }
    outcomes = shop.told("identify", [mailbox, customer])
    assert [outcome["outcome"] for outcome in outcomes] == ["refused", "recorded"]
    assert outcomes[0]["reason"] == "this is an address of our own lines: it makes no customer"
    assert list(ChannelIdentity.objects.values_list("address", flat=True)) == ["42"]
    assert Identifier.objects.get(kind="email").status == "blocked"
