"""Channel identities and profiles in the database, under concurrency and for known senders."""

import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F

from profiles.components import connected, outcome_of
from profiles.identity.policy import Policy
from profiles.identity.values import IdentifierKind, SeenIdentifier, Sender
from profiles.models import Boundary, ChannelAccount, ChannelIdentity, Identifier, Profile, Sighting
from profiles.reading import current_profile_id, holders
from profiles.resolution import identify
from profiles.seeing import SenderSeen

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def accounts(db: None) -> list[ChannelAccount]:
    return [
        ChannelAccount.objects.create(provider="whatsapp_cloud", channel="whatsapp", name=f"Line {n}") for n in range(3)
    ]


def seen(account: ChannelAccount, address: str, *phones: str, hour: int = 0, users: tuple[str, ...] = ()) -> SenderSeen:
    identifiers = [SeenIdentifier(IdentifierKind.PHONE, phone) for phone in phones]
    identifiers += [SeenIdentifier(IdentifierKind.WHATSAPP_USER, user, "portfolio") for user in users]
    sender = Sender(address=address, identifiers=tuple(identifiers))
    return SenderSeen(account_id=account.pk, sender=sender, occurred_at=START + timedelta(hours=hour), source="test")


def profiles_of(*identity_ids: int) -> list[int]:
    found = dict(ChannelIdentity.objects.filter(id__in=identity_ids).values_list("id", "profile_id"))
    return [found[pk] for pk in identity_ids]


def test_profile_is_born_with_the_id_of_its_channel_identity(accounts: list[ChannelAccount]) -> None:
    [pk] = identify([seen(accounts[0], "1", "+16505551555")]).channel_identity_ids
    assert profiles_of(pk) == [pk]
    assert Profile.objects.filter(id=pk).exists()


def test_shared_phone_joins_into_the_oldest_and_the_merged_id_leads_there(accounts: list[ChannelAccount]) -> None:
    first, second, third = identify(
        [
            seen(accounts[0], "1", "+16505551555"),
            seen(accounts[1], "2", "+16505551556"),
            seen(accounts[2], "US.1", "+16505551555", users=("US.1",)),
        ]
    ).channel_identity_ids
    assert profiles_of(first, second, third) == [first, second, first]
    identify([seen(accounts[1], "2", "+16505551556", users=("US.1",), hour=1)])
    assert profiles_of(first, second, third) == [first, first, first]
    assert [current_profile_id(pk) for pk in (first, second, third)] == [first, first, first]
    assert holders(IdentifierKind.PHONE, "+16505551556") == [first]


def test_known_sender_takes_no_lock_and_three_reads(
    accounts: list[ChannelAccount], django_assert_num_queries: Any
) -> None:
    batch = [seen(accounts[0], str(n), f"+1555{n}") for n in range(50)]
    identify(batch)
    with django_assert_num_queries(3):
        identify([seen(accounts[0], str(n), f"+1555{n}", hour=5) for n in range(50)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        locks_before = cursor.fetchone()[0]
        identify([seen(accounts[0], "1", "+15551", hour=6)])
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert cursor.fetchone()[0] == locks_before


def test_earlier_sighting_is_evidence_and_a_later_one_is_not(accounts: list[ChannelAccount]) -> None:
    identify([seen(accounts[0], "1", "+16505551555", hour=5)])
    identify([seen(accounts[0], "1", "+16505551555", hour=9)])
    assert Sighting.objects.count() == 1
    identify([seen(accounts[0], "1", "+16505551555", hour=1)])
    assert Sighting.objects.count() == 2


def customer(account: ChannelAccount, number: str, *phones: str, hour: int = 0) -> SenderSeen:
    """The shop says that its customer has these phones."""
    identifiers = [SeenIdentifier(IdentifierKind.CUSTOMER_ID, number, "shop")]
    identifiers += [SeenIdentifier(IdentifierKind.PHONE, phone) for phone in phones]
    sender = Sender(address=number, identifiers=tuple(identifiers))
    return SenderSeen(account_id=account.pk, sender=sender, occurred_at=START + timedelta(hours=hour), source="shop")


def test_phone_of_two_customers_joins_nobody_whatever_came_first(accounts: list[ChannelAccount]) -> None:
    shop, line = accounts[:2]
    phone, one = identify([seen(line, "1", "+16505551555"), customer(shop, "c1", "+16505551555")]).channel_identity_ids
    assert profiles_of(phone, one) == [phone, phone]
    [other] = identify([customer(shop, "c2", "+16505551555")]).channel_identity_ids
    assert profiles_of(phone, one, other) == [phone, one, other]
    assert Identifier.objects.get(kind="phone").status == "generic"
    [late] = identify([seen(line, "2", "+16505551555")]).channel_identity_ids
    assert profiles_of(late) == [late]


def test_phone_that_was_passed_on_is_not_shared(accounts: list[ChannelAccount]) -> None:
    shop, line = accounts[:2]
    left = Boundary(
        account_id=line.pk, address="16505551555", starts_at=START + timedelta(hours=5), source="x", reason="moved"
    )
    old, one = identify(
        [seen(line, "16505551555", "+16505551555"), customer(shop, "c1", "+16505551555")]
    ).channel_identity_ids
    new, two = identify(
        [seen(line, "16505551555", "+16505551555", hour=6), customer(shop, "c2", "+16505551555", hour=7)], [left]
    ).channel_identity_ids
    assert profiles_of(old, one) == [old, old]
    assert profiles_of(new, two) == [new, new]
    assert Identifier.objects.get(kind="phone").status == "normal"


def visit(account: ChannelAccount, visitor: str, number: str = "", hour: int = 0) -> SenderSeen:
    """A page view, by a customer who is logged in or by nobody known."""
    identifiers = [SeenIdentifier(IdentifierKind.VISITOR, visitor, "shop")]
    if number:
        identifiers.insert(0, SeenIdentifier(IdentifierKind.CUSTOMER_ID, number, "shop"))
    sender = Sender(address=number or visitor, identifiers=tuple(identifiers))
    return SenderSeen(account_id=account.pk, sender=sender, occurred_at=START + timedelta(hours=hour), source="site")


def test_browser_of_a_family_follows_who_is_logged_in(accounts: list[ChannelAccount]) -> None:
    shop = accounts[0]
    who = ["", "anna", "", "ben", "", "anna", ""]
    identify([visit(shop, "v", name, hour=hour) for hour, name in enumerate(who)])
    of = {(i.address, i.epoch_start.hour): i.profile_id for i in ChannelIdentity.objects.all()}
    assert of["v", 0] == of["anna", 0] == of["v", 5]
    assert of["v", 3] == of["ben", 0] != of["anna", 0]


@pytest.mark.django_db(transaction=True)
def test_crossing_evidence_from_many_threads_equals_the_pure_answer(accounts: list[ChannelAccount]) -> None:
    seed = random.randrange(10**6)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        chance = random.Random(seed + number)
        try:
            for _ in range(25):
                batch = []
                for _ in range(chance.randint(1, 4)):
                    person = chance.randrange(12)
                    phones = (
                        [f"+165055510{chance.choice((person, (person + 1) % 12)):02}"] if chance.random() < 0.8 else []
                    )
                    users = (f"US.{person // 2}",) if chance.random() < 0.5 else ()
                    address = f"{person}-{chance.randrange(3)}"
                    batch.append(
                        seen(chance.choice(accounts), address, *phones, hour=chance.randrange(50), users=users)
                    )
                with transaction.atomic():
                    identify(batch)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, f"seed {seed}: {errors[:1]}"
    stored = dict(ChannelIdentity.objects.values_list("id", "profile_id"))
    assert outcome_of(connected(stored, Policy())).targets == stored, f"seed {seed}"
    assert not ChannelIdentity.objects.exclude(profile_id__lte=F("id")).exists()
