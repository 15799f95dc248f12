"""The search for likely duplicates on stored evidence: who is found, what is left alone, and the cursor."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from cxhub.management.commands.sweep import compare, succeeds
from profiles import likeness
from profiles.correcting import undo, withdraw_trait
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender
from profiles.merging import merge, tell_apart
from profiles.models import ChannelAccount, LikenessCursor, LikenessKey, Review, Role, StaffMember, Trait
from profiles.resolution import identify
from profiles.review_queue import open_reviews
from profiles.reviews import raise_reviews
from profiles.seeing import SenderSeen
from profiles.traits import TraitTold, tell

START = datetime(2026, 1, 1, tzinfo=UTC)
Person = Callable[..., int]


@pytest.fixture
def person(db: None) -> Person:
    account = ChannelAccount.objects.create(provider="whatsapp_cloud", channel="whatsapp", name="Line")

    @transaction.atomic
    def seen(address: str, *identifiers: str, name: str = "", hour: int = 0, source: str = "profile") -> int:
        found = []
        for each in identifiers:
            kind, _, value = each.partition(" ")
            grade = Grade.CLAIMED if kind.endswith("?") else Grade.PROVED
            scope = "shop" if kind == "customer_id" else ""
            found.append(SeenIdentifier(IdentifierKind(kind.rstrip("?")), value, scope, grade))
        at = START + timedelta(hours=hour)
        sender = Sender(address=address, identifiers=tuple(found))
        done = identify([SenderSeen(account_id=account.pk, sender=sender, occurred_at=at, source=f"{address}.{hour}")])
        pk = done.channel_identity_ids[0]
        tell(
            [TraitTold(channel_identity_id=pk, name="name", value=name, source=source, grade="claimed", told_at=at)]
            if name
            else []
        )
        raise_reviews(done.found)
        return pk

    return seen


@pytest.fixture
def lead(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("lead@shop.example", role=Role.LEAD)


def look() -> None:
    """Everything is looked at; where another test's database is written to, nothing is waited for."""
    while likeness.step():
        pass


def pairs() -> list[tuple[int, int]]:
    return list(Review.objects.order_by("one_id", "other_id").values_list("one_id", "other_id"))


def test_typo_raises_one_review_with_its_words(person: Person) -> None:
    one = person("1", "email mira.lind@gmail.com", name="Mira Lind")
    other = person("2", "email? miralind@gmial.com", name="Lind, Mira")
    look()
    [review] = open_reviews()
    assert (review.kind, review.one.id, review.other.id) == ("duplicate", one, other)
    assert [reason["words"] for reason in review.reasons] == [
        "Nearly the same e-mail address: mira.lind@gmail.com and miralind@gmial.com",
        "Both are called Lind, Mira",
    ]


def test_looking_again_changes_nothing(person: Person) -> None:
    person("1", "email mira.lind@gmail.com", name="Mira Lind")
    person("2", "email? miralind@gmial.com")
    look()
    before = list(Review.objects.values()), LikenessKey.objects.count()
    LikenessCursor.objects.all().delete()
    look()
    assert (list(Review.objects.values()), LikenessKey.objects.count()) == before


def test_later_name_is_what_finds_them(person: Person) -> None:
    one = person("1", "phone +46701740611", name="Mira Lind")
    other = person("2", "phone? +46701740617", name="Mira")
    look()
    assert pairs() == []
    person("2", "phone? +46701740617", name="Mira Lind", hour=2)
    look()
    assert pairs() == [(one, other)]


def test_what_is_of_different_addresses_of_one_customer_counts_together(person: Person) -> None:
    one = person("1", "phone +46701740611", "email mira.lindqvist@posteo.de")
    person("1b", "email mira.lindqvist@posteo.de", name="Mira Lindqvist")
    other = person("2", "email mira.lindqvist@web.de")
    person("2b", "email mira.lindqvist@web.de", "phone +4915112345678", name="Mira Lindqvist")
    look()
    assert pairs() == [(one, other)]


def test_decided_pair_is_never_raised_again(person: Person, lead: StaffMember) -> None:
    one = person("1", "email mira.lind@gmail.com", name="Mira Lind")
    other = person("2", "email? miralind@gmial.com", name="Mira Lind")
    tell_apart(one, other, actor=lead)
    look()
    assert pairs() == []
    # Nor by somebody whom one of them is joined with later, nor by further likeness.
    more = person("3", "phone +46701740611", name="Mira Lind")
    merge(one, more, actor=lead)
    person("3", "phone +46701740611", "email mira.lind@gmail.con", hour=1)
    person("2", "phone? +46701740617", hour=1)
    look()
    assert open_reviews() == []


def test_undone_merge_leaves_the_review_as_it_was(person: Person, lead: StaffMember) -> None:
    one = person("1", "email mira.lind@gmail.com", name="Mira Lind")
    other = person("2", "email? miralind@gmial.com", name="Mira Lind")
    look()
    done = merge(one, other, actor=lead)
    look()
    assert open_reviews() == []
    undo(done.operation, actor=lead)
    assert [(review.one.id, review.other.id) for review in open_reviews()] == [(one, other)]


def test_who_was_merged_is_looked_at_again(person: Person, lead: StaffMember) -> None:
    one = person("1", "email mira.lindqvist@posteo.de")
    named = person("3", "phone +46701740611", name="Mira Lindqvist")
    other = person("2", "email mira.lindqvist@web.de", name="Mira Lindqvist")
    look()
    assert pairs() == []
    merge(one, named, actor=lead)
    look()
    assert pairs() == [(one, other)]


def test_withdrawn_name_finds_nobody(person: Person, lead: StaffMember) -> None:
    one = person("1", "phone +46701740611", name="Mira Lind")
    look()
    withdraw_trait(Trait.objects.get(channel_identity_id=one), actor=lead)
    person("2", "phone? +46701740617", name="Mira Lind")
    look()
    assert pairs() == []


def test_never_closed_transitively(person: Person) -> None:
    names = ("Anna Berg", "", "Jonas Berg")
    addresses = ("email a.berg@gmail.com", "email? aberg@gmail.con", "email a.b.erg@gmail.com")
    ids = [person(str(n), address, name=name) for n, (address, name) in enumerate(zip(addresses, names, strict=True))]
    look()
    assert pairs() == [(ids[0], ids[1]), (ids[1], ids[2])]


def test_key_that_many_hold_is_skipped_and_the_rest_of_it_still_found(person: Person, monkeypatch: Any) -> None:
    monkeypatch.setattr(likeness, "_MOST_HOLDERS", 5)
    for n in range(8):
        person(f"n{n}", f"phone +4670174{n}{n}{n}0", name="Maria Silva")
    one = person("1", "phone +46709876543", name="Maria Silva")
    other = person("2", "phone? +46709876544", name="Silva, Maria")
    look()
    assert pairs() == [(one, other)]


def test_namesakes_are_left_alone_unless_they_are_the_only_ones(person: Person) -> None:
    one = person("1", "email mira.lind@posteo.de", name="Mira Lind")
    other = person("2", "email mira.lind@web.de", name="Mira Lind")
    for n, domain in enumerate(("gmx.de", "web.de", "posteo.de")):
        person(f"m{n}", f"email maria.silva@{domain}", name="Maria Silva")
    look()
    assert pairs() == [(one, other)]


def test_one_odd_customer_does_not_fill_the_queue(person: Person) -> None:
    for n in range(12):
        person(str(n), f"email mira+{n}@gmail.com")
    look()
    before = Review.objects.count()
    assert before <= 12 * 5
    one = person("x", "email? mira@gmail.com")
    look()
    assert Review.objects.filter(other_id=one).count() == 5


def test_shared_address_raises_nothing(person: Person) -> None:
    for n in (1, 2):
        person(f"c{n}", f"customer_id {n}", "email family@web.de", hour=n)
    person("3", "email? family@wep.de")
    look()
    assert not Review.objects.filter(kind="duplicate").exists()


def test_step_is_bounded_and_crash_safe(person: Person) -> None:
    for n in range(5):
        person(str(n), f"email mira+{n}@gmail.com")

    class CrashError(Exception):
        pass

    def crash() -> None:
        with transaction.atomic():
            assert likeness.step(rows=2)
            raise CrashError

    for _ in range(3):
        with pytest.raises(CrashError):
            crash()
        assert not Review.objects.exists()
    steps = 0
    while likeness.step(rows=2):
        steps += 1
    assert steps == 3
    assert Review.objects.count() == 10


def test_fault_of_the_search_does_not_end_the_sweeper(person: Person, monkeypatch: Any) -> None:
    person("1", "email mira@gmail.com")

    def fail(_: object) -> None:
        raise ValueError("odd data")

    with transaction.atomic():
        assert succeeds("duplicates", compare)
    monkeypatch.setattr(likeness, "examine", fail)
    person("2", "email mira@gmail.con")
    assert not succeeds("duplicates", compare)


@pytest.mark.django_db(transaction=True)
def test_id_that_commits_late_is_waited_for(person: Person) -> None:
    one = person("1", "email mira@gmail.com")
    look()
    has_written, may_commit = threading.Event(), threading.Event()
    ids: list[int] = []

    def slow() -> None:
        try:
            with transaction.atomic():
                ids.append(person("2", "email? mira@gmail.con"))
                has_written.set()
                may_commit.wait(20)
        finally:
            connection.close()

    writer = threading.Thread(target=slow)
    writer.start()
    has_written.wait(20)
    person("3", "phone +46701740611")  # a higher id, and committed
    assert not likeness.step()
    may_commit.set()
    writer.join()
    look()
    assert pairs() == [(one, ids[0])]


@pytest.mark.django_db(transaction=True)
def test_step_gives_up_where_it_would_wait(person: Person) -> None:
    person("1", "email mira@gmail.com")
    person("2", "email? mira@gmail.con")
    parts = connection.get_connection_params()
    where = {name: parts[name] for name in ("dbname", "host", "port", "user") if parts.get(name)}
    with psycopg.connect(**where) as other:
        other.execute("LOCK TABLE profiles_review IN EXCLUSIVE MODE")
        started = time.monotonic()
        assert not succeeds("duplicates", compare)
        assert time.monotonic() - started < 4
    assert succeeds("duplicates", compare)
    assert len(pairs()) == 1
