"""Merge, unmerge, undo, withdraw, mark and boundaries on stored evidence: what moves, and moves back exactly."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from profiles.correcting import draw_boundary, mark, undo, withdraw_boundary, withdraw_sighting
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender
from profiles.merging import merge, tell_apart, unmerge
from profiles.models import Boundary, ChannelAccount, ChannelIdentity, Decision, Identifier, Role, Sighting, StaffMember
from profiles.operations import VerbRefusedError
from profiles.resolution import identify
from profiles.seeing import SenderSeen

START = datetime(2026, 1, 1, tzinfo=UTC)
See = Callable[..., int]


@pytest.fixture
def lead(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("lead@shop.example", role=Role.LEAD)


@pytest.fixture
def see(db: None) -> See:
    account = ChannelAccount.objects.create(provider="whatsapp_cloud", channel="whatsapp", name="Line")

    def seen(address: str, *identifiers: tuple[str, str], hour: int = 0, grade: str = "proved") -> int:
        found = [
            SeenIdentifier(IdentifierKind(kind), value, "shop" if kind == "customer_id" else "", Grade(grade))
            for kind, value in identifiers
        ]
        sender = Sender(address=address, identifiers=tuple(found))
        at = START + timedelta(hours=hour)
        item = SenderSeen(account_id=account.pk, sender=sender, occurred_at=at, source=f"{address}.{hour}")
        return identify([item]).channel_identity_ids[0]

    return seen


def partition() -> dict[int, int]:
    return dict(ChannelIdentity.objects.order_by("id").values_list("id", "profile_id"))


def evidence() -> list[Any]:
    return [
        list(Sighting.objects.order_by("id").values_list("id", "channel_identity_id", "withdrawn_by")),
        list(Identifier.objects.order_by("id").values_list("id", "status", "shared_epochs")),
    ]


PHONE, OTHER = ("phone", "+491601234567"), ("phone", "+491607654321")


def test_merge_and_undo_and_redo(see: See, lead: StaffMember) -> None:
    one, other, more = see("1", PHONE), see("2", OTHER), see("3", OTHER)
    before = partition()
    done = merge(other, one, actor=lead, reason="same voice")
    assert done.profile_ids == (one,)
    assert partition() == {one: one, other: one, more: one}
    assert merge(one, other, actor=lead).operation is None
    assert merge(one, one, actor=lead).operation is None
    assert done.operation is not None
    undone = undo(done.operation, actor=lead)
    assert partition() == before
    assert undo(done.operation, actor=lead).operation is None
    assert undone.operation is not None
    undo(undone.operation, actor=lead)
    assert partition() == {one: one, other: one, more: one}


def test_unmerge_sticks_although_the_phone_is_shared(see: See, lead: StaffMember) -> None:
    one, other, more = see("1", PHONE), see("2", PHONE), see("3", PHONE)
    assert set(partition().values()) == {one}
    unmerge(one, [other, more], actor=lead, reason="two brothers")
    assert partition() == {one: one, other: other, more: other}
    late = see("4", PHONE, hour=-5)
    assert partition()[late] in (one, other)
    see("2", PHONE, hour=9)
    assert partition()[other] == other


def test_unmerge_refuses_what_is_not_there(see: See, lead: StaffMember) -> None:
    one, other = see("1", PHONE), see("2", OTHER)
    for part in ([], [one], [other], [one, other]):
        with pytest.raises(VerbRefusedError):
            unmerge(one, part, actor=lead)


def test_merge_lifts_the_limit_between_its_sides(see: See, lead: StaffMember) -> None:
    one = see("1", ("customer_id", "c1"), ("email", "a@shop.example"))
    other = see("2", ("customer_id", "c2"))
    merge(one, other, actor=lead)
    assert Decision.objects.get().aliases == ["customer_id|shop|c1", "customer_id|shop|c2"]
    third = see("3", ("customer_id", "c2"))
    assert set(partition().values()) == {one}
    assert third in partition()


def test_different_is_kept_until_somebody_merges(see: See, lead: StaffMember) -> None:
    one, other = see("1", PHONE), see("2", OTHER)
    tell_apart(one, other, actor=lead)
    see("3", PHONE, OTHER)
    assert partition()[one] != partition()[other]
    merge(one, other, actor=lead)
    assert partition()[one] == partition()[other]


def test_withdrawn_sighting_is_as_if_it_had_never_been(see: See, lead: StaffMember) -> None:
    one = see("1", PHONE)
    before = partition()
    other = see("2", PHONE, OTHER)
    assert partition()[other] == one
    wrong = Sighting.objects.get(channel_identity_id=other, identifier__value=PHONE[1])
    done = withdraw_sighting(wrong, actor=lead, reason="the shop mistyped it")
    assert partition() == before | {other: other}
    see("2", PHONE, OTHER, hour=5)
    see("2", PHONE, OTHER, hour=-5)
    assert partition()[other] == other
    assert withdraw_sighting(wrong, actor=lead).operation is None
    assert done.operation is not None
    undo(done.operation, actor=lead)
    assert partition()[other] == one


def test_marking_splits_and_unmarking_joins_again(see: See, lead: StaffMember) -> None:
    one, other = see("1", PHONE), see("2", PHONE)
    before, seen_before = partition(), evidence()
    done = mark("phone", "", PHONE[1], "generic", actor=lead, reason="the family's")
    assert partition() == {one: one, other: other}
    assert mark("phone", "", PHONE[1], "generic", actor=lead).operation is None
    assert done.operation is not None
    undo(done.operation, actor=lead)
    assert (partition(), evidence()) == (before, seen_before)


def test_anchors_close_a_phone_and_a_human_opens_it(see: See, lead: StaffMember) -> None:
    line = see("1", PHONE)
    first, second = see("c1", ("customer_id", "c1"), PHONE, hour=1), see("c2", ("customer_id", "c2"), PHONE, hour=2)
    assert partition() == {line: line, first: first, second: second}
    mark("phone", "", PHONE[1], "normal", actor=lead, reason="c1 pays for both")
    assert partition() == {line: line, first: line, second: second}


def test_somebody_else_writes_since_here_and_no_longer(see: See, lead: StaffMember) -> None:
    one = see("491601234567", PHONE)
    identity = ChannelIdentity.objects.get(id=one)
    before = partition()
    done = draw_boundary(identity, START + timedelta(hours=3), actor=lead, reason="a new voice")
    late = see("491601234567", PHONE, hour=5)
    assert partition() == {one: one, late: late}
    assert done.operation is not None
    undo(done.operation, actor=lead)
    assert partition() == before | {late: one}
    assert ChannelIdentity.objects.get(id=late).void_in_id == one
    assert see("491601234567", PHONE, hour=6) == one


def test_boundary_of_a_provider_can_be_withdrawn(see: See, lead: StaffMember) -> None:
    one = see("491601234567", PHONE)
    account_id = ChannelIdentity.objects.get(id=one).account_id
    row = Boundary(
        account_id=account_id, address="491601234567", starts_at=START + timedelta(hours=1), source="w", reason="moved"
    )
    identify([], [row])
    late = see("491601234567", PHONE, hour=5)
    assert partition() == {one: one, late: late}
    withdraw_boundary(Boundary.objects.get(), actor=lead)
    assert partition() == {one: one, late: one}


def test_values_declared_one_customers_are_followed_from_merge_to_merge(see: See, lead: StaffMember) -> None:
    """Two of the three merges were of people who have nothing to do with these two any more, but their word stands."""

    def customer(number: int) -> tuple[str, str]:
        return ("customer_id", f"K-58{number}2")

    for n in range(3):
        merge(see(f"a{n}", customer(n)), see(f"b{n}", customer(n + 1)), actor=lead)
        for sighting in Sighting.objects.filter(withdrawn_by=None):
            withdraw_sighting(sighting, actor=lead)
    one = see("1", customer(0), ("whatsapp_user", "DE.771"))
    other = see("4", customer(3), ("whatsapp_user", "DE.771"), hour=1)
    assert partition()[one] == partition()[other]


def test_customer_number_that_is_nobodys_makes_no_phone_shared(see: See, lead: StaffMember) -> None:
    one = see("1", PHONE, ("customer_id", "K-5802"))
    till = see("2", PHONE, ("customer_id", "WALK-IN"))
    assert len(set(partition().values())) == 2
    done = mark("customer_id", "shop", "WALK-IN", "blocked", actor=lead)
    assert partition() == {one: one, till: one}
    assert done.operation is not None
    undo(done.operation, actor=lead)
    assert partition() == {one: one, till: till}
