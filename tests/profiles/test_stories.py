"""What the machine found, each as the shortest story that showed it."""

import pytest

from profiles.correcting import draw_boundary, undo, withdraw_boundary, withdraw_sighting, withdraw_trait
from profiles.merging import merge
from profiles.models import Boundary, ChannelIdentity, Operation, Profile, Sighting, Trait
from tests.profiles.invariants import check
from tests.profiles.snapshot import partition
from tests.profiles.world import World, hour, message, new_world, whatsapp, whatsapp_user
from timeline.models import QueueRow


@pytest.fixture
def world(db: None) -> World:
    return new_world()


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
