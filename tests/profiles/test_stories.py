"""What the machine found, each as the shortest story that showed it."""

from datetime import UTC, datetime

import pytest

from channels_ingest.messages import Message
from profiles.correcting import draw_boundary, undo, withdraw_boundary, withdraw_sighting, withdraw_trait
from profiles.merging import merge
from profiles.models import Boundary, ChannelIdentity, Operation, Profile, Sighting, Trait
from profiles.operations import VerbRefusedError
from tests.profiles.invariants import check
from tests.profiles.snapshot import partition
from tests.profiles.world import (
    INSTANT,
    World,
    browsing,
    hour,
    introduction,
    message,
    moved,
    new_world,
    phone,
    shopping,
    visitor,
    whatsapp,
    whatsapp_user,
)
from timeline.entries import EntryKind
from timeline.live import Happened
from timeline.models import Entry, QueueRow


@pytest.fixture
def world(db: None) -> World:
    return new_world()


def current_profiles() -> list[Profile]:
    return list(Profile.objects.filter(channel_identities__isnull=False).distinct().order_by("id"))


def undo_last(world: World) -> None:
    operation = Operation.objects.latest("id")
    assert undo(operation, actor=world.lead).operation is not None


def test_name_follows_when_what_it_was_made_of_is_withdrawn(world: World) -> None:
    world.deliver([("A", message("m1", whatsapp_user(0, name="Mira"), hour(0)))])
    assert Profile.objects.get().display_name == "Mira"
    withdraw_trait(Trait.objects.get(), actor=world.lead)
    assert Profile.objects.get().display_name == "DE.770"
    undo_last(world)
    assert Profile.objects.get().display_name == "Mira"
    check(world)


def test_boundary_divides_the_queue_row_too(world: World) -> None:
    world.deliver([("A", message("m1", whatsapp(0), hour(1))), ("A", message("m2", whatsapp(0), hour(3)))])
    first = ChannelIdentity.objects.get()
    draw_boundary(first, hour(2), actor=world.lead)
    assert [row.last_entry_at for row in QueueRow.objects.order_by("profile_id")] == [hour(1), hour(3)]
    undo_last(world)
    assert [row.last_entry_at for row in QueueRow.objects.all()] == [hour(3)]
    check(world)


def test_boundary_can_be_undone_and_drawn_again_and_again(world: World) -> None:
    world.deliver([("A", message("m1", whatsapp(0), hour(1))), ("A", message("m2", whatsapp(0), hour(3)))])
    draw_boundary(ChannelIdentity.objects.get(), hour(2), actor=world.lead)
    for _ in range(4):
        undo_last(world)
        check(world)


def test_withdrawn_sighting_leaves_no_copy_behind_after_a_boundary_that_was_none(world: World) -> None:
    world.deliver([("A", message("m1", whatsapp(0), hour(1)))])
    draw_boundary(ChannelIdentity.objects.get(), hour(1), actor=world.lead)
    withdraw_boundary(Boundary.objects.get(), actor=world.lead)
    withdraw_sighting(Sighting.objects.earliest("id"), actor=world.lead)
    assert not Sighting.objects.filter(withdrawn_by=None).exists()
    check(world)


def test_withdrawal_is_about_one_person_and_not_about_who_has_the_address_next(world: World) -> None:
    world.deliver([("A", message("m1", whatsapp_user(0, name="Mira"), hour(1)))])
    withdraw_sighting(Sighting.objects.get(), actor=world.lead)
    world.deliver([("A", message("m2", whatsapp_user(0), hour(3)))])
    draw_boundary(ChannelIdentity.objects.get(), hour(2), actor=world.lead)
    standing = Sighting.objects.filter(withdrawn_by=None)
    assert [row.occurred_at for row in standing] == [hour(3)]
    undo_last(world)
    assert not standing.all().exists()
    check(world)


def test_undo_of_an_undo_of_an_undo_is_an_undo(world: World) -> None:
    world.deliver([("A", message("m1", whatsapp(0), hour(1))), ("A", message("m2", whatsapp(1), hour(3)))])
    one, other = ChannelIdentity.objects.order_by("id").values_list("id", flat=True)
    merge(one, other, actor=world.lead)
    for is_one in (False, True, False, True, False):
        undo_last(world)
        assert len(set(partition().values())) == (1 if is_one else 2)
        check(world)


def test_undoing_a_redo_whose_operation_was_undone_again_does_nothing(world: World) -> None:
    world.deliver([("A", message("m1", whatsapp(0), hour(1))), ("A", message("m2", whatsapp(1), hour(3)))])
    one, other = ChannelIdentity.objects.order_by("id").values_list("id", flat=True)
    merged = merge(one, other, actor=world.lead).operation
    assert merged is not None
    undo_last(world)
    undo_last(world)
    redone = Operation.objects.latest("id")
    merged.refresh_from_db()
    undo(merged, actor=world.lead)
    assert undo(redone, actor=world.lead).operation is None
    assert len(set(partition().values())) == 2
    check(world)


def login(key: str, number: int, at: float) -> tuple[str, Message]:
    return "W", message(key, shopping(number, visitor(0)), hour(at), EntryKind.PAGE_VIEW)


def test_agent_and_login_may_speak_of_the_same_moment(world: World) -> None:
    world.deliver([("W", message("m1", browsing(0), hour(1))), login("m2", 0, 2)])
    browser = ChannelIdentity.objects.get(address="v-8c0f")
    draw_boundary(browser, hour(5), actor=world.lead)
    world.deliver([login("m3", 1, 5)])
    check(world)
    undo_last(world)
    check(world)
    assert [row.starts_at for row in Boundary.objects.filter(withdrawn_by=None)] == [hour(5)]


def test_provider_repeats_what_an_agent_said_and_took_back(world: World) -> None:
    world.deliver([("A", message("m1", whatsapp(0), hour(1)))])
    draw_boundary(ChannelIdentity.objects.get(), hour(2) + INSTANT, actor=world.lead)
    undo_last(world)
    world.deliver([("A", moved("m2", 0, 1, hour(2)))])
    check(world)
    assert Boundary.objects.filter(withdrawn_by=None).count() == 1


def test_login_boundary_that_was_withdrawn_and_restored_may_still_go(world: World) -> None:
    world.deliver([("W", message("m1", browsing(0), hour(1))), login("m2", 0, 2), login("m3", 1, 5)])
    withdraw_boundary(Boundary.objects.get(), actor=world.lead)
    undo_last(world)
    world.deliver([login("m4", 1, 1)])
    check(world)
    assert {row.starts_at for row in Boundary.objects.filter(withdrawn_by=None)} == {hour(2), hour(5)}
    withdraw_sighting(
        Sighting.objects.get(channel_identity__address="K-5802", identifier__kind="visitor"), actor=world.lead
    )
    check(world)
    undo_last(world)
    check(world)


def test_login_told_by_an_introduction_is_remembered_for_a_boundary_that_comes_late(world: World) -> None:
    world.deliver([("W", introduction("i1", shopping(0, visitor(0)), hour(2)))])
    world.deliver([("W", introduction("i2", shopping(0, visitor(0)), hour(9)))])
    world.deliver([("W", introduction("i3", shopping(1, visitor(0)), hour(5)))])
    check(world)


def test_login_after_one_whose_boundary_was_withdrawn_is_a_turn_all_the_same(world: World) -> None:
    world.deliver([("W", message("m0", browsing(0), hour(0))), login("m1", 0, 1), login("m2", 1, 3)])
    withdraw_boundary(Boundary.objects.get(), actor=world.lead)
    world.deliver([login("m3", 0, 5)])
    assert [row.starts_at for row in Boundary.objects.filter(withdrawn_by=None)] == [hour(5)]
    check(world)


def test_login_counts_again_where_a_boundary_leaves_its_withdrawal_behind(world: World) -> None:
    world.deliver([login("m1", 0, 5)])
    withdraw_sighting(Sighting.objects.get(identifier__kind="customer_id"), actor=world.lead)
    world.deliver([login("m2", 0, 1), login("m3", 1, 3)])
    assert not Boundary.objects.exists()
    draw_boundary(ChannelIdentity.objects.get(address="K-5802"), hour(4), actor=world.lead)
    assert [row.starts_at for row in Boundary.objects.filter(reason="login")] == [hour(3)]
    check(world)
    undo_last(world)
    assert not Boundary.objects.filter(withdrawn_by=None).exists()
    check(world)


def test_two_who_log_in_at_the_same_moment_are_told_apart_by_who_comes_next(world: World) -> None:
    world.deliver([login("m1", 1, 3)])
    world.deliver([login("m2", 2, 6)])
    world.deliver([login("m3", 2, 9)])
    world.deliver([login("m4", 1, 6)])
    check(world)


def test_boundaries_without_anything_between_them_leave_nobody_behind(world: World) -> None:
    """The name was told before and after; between them it would be told of somebody who never was."""
    world.deliver([("A", message(f"m{n}", whatsapp(0, name="Mira"), hour(n))) for n in (1, 9)])
    world.deliver([("A", moved("m3", 0, 1, hour(5))), ("A", moved("m4", 0, 2, hour(7)))])
    check(world)


def test_boundary_may_come_with_a_message_of_the_very_second_of_an_old_one(world: World) -> None:
    world.deliver([("A", message("m1", whatsapp(0), hour(9)))])
    world.deliver([("A", moved("m2", 0, 1, hour(5))), ("A", message("m3", whatsapp(0), hour(9)))])
    check(world)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_nameless_customer_is_called_by_the_number_that_was_new_last(world: World, order: tuple[int, ...]) -> None:
    writes = [(0, 1), (1, 2), (0, 3)]
    for n in order:
        number, at = writes[n]
        world.deliver([("A", message(f"m{n}", whatsapp_user(0, phone(number)), hour(at)))])
        check(world)
    assert Profile.objects.get().display_name == "+49 1512 7784131"


@pytest.mark.parametrize("year", [1, 1969, 1970])
def test_boundary_before_any_message_there_can_be_is_refused(world: World, year: int) -> None:
    world.deliver([("A", message("m1", whatsapp(0), hour(1)))])
    with pytest.raises(VerbRefusedError):
        draw_boundary(ChannelIdentity.objects.get(), datetime(year, 1, 1, tzinfo=UTC), actor=world.lead)
    check(world)


def test_boundary_may_lie_in_the_future_or_at_the_message_itself(world: World) -> None:
    world.deliver([("A", message("m1", whatsapp(0), hour(5)))])
    for at in (hour(0), hour(5), hour(5), datetime(9999, 12, 30, tzinfo=UTC)):
        draw_boundary(ChannelIdentity.objects.earliest("id"), at, actor=world.lead)
        check(world)
    world.deliver([("A", message("m2", whatsapp(0), hour(10**6))), ("A", message("m3", whatsapp(0), hour(-100)))])
    check(world)
    for operation in Operation.objects.order_by("?"):
        undo(operation, actor=world.lead)
        check(world)


def test_open_pages_are_told_what_leaves_no_entry(world: World) -> None:
    world.deliver([("A", message("m1", whatsapp(0), hour(1)))])
    customer = ChannelIdentity.objects.get().profile_id
    told = world.deliver([("W", introduction("i1", shopping(0, phone(0), name="Mira"), hour(2)))])
    assert told == [Happened(customer, 0, EntryKind.IDENTITY)]
    assert Profile.objects.get(id=customer).display_name == "Mira"
    assert world.deliver([("W", introduction("i1", shopping(0, phone(0), name="Mira"), hour(2)))]) == []


def test_who_shares_a_phone_since_now_is_told_too(world: World) -> None:
    world.deliver([("W", introduction("i1", shopping(0, phone(0)), hour(2)))])
    world.deliver([("W", introduction("i2", shopping(2), hour(2)))])
    told = world.deliver([("W", introduction("i3", shopping(1, phone(0)), hour(2)))])
    one, _, other = ChannelIdentity.objects.order_by("id").values_list("profile_id", flat=True)
    assert told == [Happened(one, 0, EntryKind.IDENTITY), Happened(other, 0, EntryKind.IDENTITY)]


def test_lines_about_entries_that_a_human_moved_say_by_whose_word(world: World) -> None:
    world.deliver([("A", message("m1", whatsapp(0), hour(1))), ("A", message("m2", whatsapp(0), hour(3)))])
    done = draw_boundary(ChannelIdentity.objects.get(), hour(2), actor=world.lead, reason="the son has it now")
    assert done.operation is not None
    lines = Entry.objects.filter(detail__type="rehomed").values_list("detail__operation", "detail__verb", "detail__by")
    assert set(lines) == {(done.operation.pk, "split", str(world.lead))}


def test_name_follows_who_said_theirs_last_on_whichever_line(world: World) -> None:
    world.deliver([("A", message("m1", whatsapp(0, name="Tomas"), hour(1)))])
    world.deliver([("B", message("m2", whatsapp(0, name="Mira"), hour(2)))])
    assert [profile.display_name for profile in current_profiles()] == ["Mira"]
    world.deliver([("A", message("m3", whatsapp(0, name="Tomas"), hour(3)))])
    assert [profile.display_name for profile in current_profiles()] == ["Tomas"]
    check(world)


@pytest.mark.parametrize("order", [(2, 6), (6, 2)])
def test_who_had_a_shared_number_first_does_not_join_by_it_later(world: World, order: tuple[int, int]) -> None:
    """Whether the later sighting was stored as well is a matter of arrival."""
    world.deliver([("W", message(f"m{n}", shopping(n, phone(0)), hour(1))) for n in range(3)])
    world.deliver([("A", message(f"a{n}", whatsapp(0), hour(n))) for n in (0, 7)])
    for number in order:
        world.deliver([("B", message(f"b{number}", whatsapp(0), hour(number)))])
    draw_boundary(ChannelIdentity.objects.get(account=world.lines["A"]), hour(5), actor=world.lead)
    since = ChannelIdentity.objects.get(account=world.lines["A"], epoch_start=hour(5))
    assert since.profile_id != ChannelIdentity.objects.get(account=world.lines["B"]).profile_id
    check(world)
