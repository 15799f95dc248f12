"""Work verbs: each writes one entry that says everything, the queue follows, and nothing is written twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from profiles.merging import merge, unmerge
from profiles.models import ChannelAccount, Role, StaffMember
from profiles.operations import UnknownProfileError
from tests.timeline.work.cast import line, row, says, seat, state
from timeline.models import Entry, QueueRow, WorkState
from timeline.rebuilding import rebuild
from timeline.work import verbs
from timeline.work.reading import Promise, Work, work_of
from timeline.work.verbs import WorkRefusedError

NOW = timezone.now()
MINUTE = timedelta(minutes=1)


@pytest.fixture
def anna(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("anna@shop.example", name="Anna")


@pytest.fixture
def ben(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("ben@shop.example", name="Ben", role=Role.LEAD)


@pytest.fixture
def orders(db: None) -> ChannelAccount:
    return line("Orders")


@pytest.fixture
def mira(orders: ChannelAccount) -> int:
    return says(orders, "1", "m1", NOW - 10 * MINUTE)


def test_assigning_is_an_entry_and_a_state(mira: int, anna: StaffMember, ben: StaffMember) -> None:
    entry = verbs.assign(mira, anna, actor=ben)
    assert entry is not None
    assert (entry.kind, entry.direction, entry.text, entry.channel_identity_id) == ("work", "none", "", mira)
    assert entry.detail == {
        "type": "assigned",
        "to": anna.pk,
        "to_name": "Anna",
        "by": "Ben",
        "actor": ben.pk,
        "channel_identities": [mira],
    }
    assert state(mira) == ("Anna", 0, [], None, False, True)
    assert verbs.assign(mira, anna, actor=ben) is None
    assert verbs.assign(mira, None, actor=ben) is not None
    assert state(mira) == (None, 0, [], None, False, True)
    assert Entry.objects.filter(kind="work").count() == 2


def test_nobody_gets_a_customer_whom_they_may_not_read(mira: int, ben: StaffMember) -> None:
    server = StaffMember.objects.create_staff("shop@shop.example", role=Role.INGEST)
    gone = StaffMember.objects.create_staff("gone@shop.example")
    StaffMember.objects.filter(id=gone.pk).update(is_active=False)
    for member in (server, StaffMember.objects.get(id=gone.pk)):
        with pytest.raises(WorkRefusedError, match="This colleague cannot have customers"):
            verbs.assign(mira, member, actor=ben)
    assert not Entry.objects.filter(kind="work").exists()


def test_resolved_customer_waits_no_more_until_they_write(mira: int, orders: ChannelAccount, anna: StaffMember) -> None:
    verbs.resolve(mira, actor=anna)
    assert state(mira) == (None, 0, [], None, True, False)
    assert verbs.resolve(mira, actor=anna) is None
    says(orders, "1", "m2", NOW - 5 * MINUTE)
    assert state(mira) == (None, 0, [], None, False, True)
    assert row(mira).waiting_since == NOW - 5 * MINUTE
    says(orders, "1", "m3", NOW, out=True)
    assert state(mira) == (None, 0, [], None, False, False)
    assert verbs.reopen(mira, actor=anna) is None


def test_message_on_its_way_while_somebody_resolved_is_not_lost(
    mira: int, orders: ChannelAccount, anna: StaffMember
) -> None:
    verbs.resolve(mira, actor=anna)
    says(orders, "1", "late", NOW - 60 * MINUTE)
    assert row(mira).waiting_since == NOW - 60 * MINUTE
    assert row(mira).resolved_at is None


def test_reopening_takes_the_resolve_back(mira: int, anna: StaffMember) -> None:
    verbs.resolve(mira, actor=anna)
    verbs.reopen(mira, actor=anna)
    assert (row(mira).waiting_since, row(mira).resolved_at) == (NOW - 10 * MINUTE, None)


def test_reopening_takes_only_the_last_resolve_back(mira: int, orders: ChannelAccount, anna: StaffMember) -> None:
    verbs.resolve(mira, actor=anna)
    says(orders, "1", "m2", NOW - 5 * MINUTE)
    verbs.resolve(mira, actor=anna)
    verbs.reopen(mira, actor=anna)
    assert row(mira).waiting_since == NOW - 5 * MINUTE


def test_snooze_ends_with_a_message_a_wake_or_a_resolve(mira: int, orders: ChannelAccount, anna: StaffMember) -> None:
    until = timezone.now() + timedelta(days=1)
    assert verbs.snooze(mira, until, actor=anna) is not None
    assert verbs.snooze(mira, until, actor=anna) is None
    assert state(mira) == (None, 0, [], until, False, True)
    says(orders, "1", "m2", NOW)
    assert row(mira).snoozed_until is None
    assert verbs.wake(mira, actor=anna) is None
    verbs.snooze(mira, until, actor=anna)
    verbs.wake(mira, actor=anna)
    assert row(mira).snoozed_until is None
    verbs.snooze(mira, until, actor=anna)
    verbs.resolve(mira, actor=anna)
    assert state(mira) == (None, 0, [], None, True, False)
    verbs.reopen(mira, actor=anna)
    assert state(mira) == (None, 0, [], until, False, True)


def test_snoozing_a_resolved_customer_brings_them_back(mira: int, anna: StaffMember) -> None:
    verbs.resolve(mira, actor=anna)
    until = timezone.now() + timedelta(days=1)
    verbs.snooze(mira, until, actor=anna)
    assert state(mira) == (None, 0, [], until, False, False)


@pytest.mark.parametrize("away", [timedelta(0), timedelta(days=-1), timedelta(days=800)])
def test_snooze_wants_a_time_that_lies_ahead(mira: int, anna: StaffMember, away: timedelta) -> None:
    with pytest.raises(WorkRefusedError, match="Choose a time"):
        verbs.snooze(mira, timezone.now() + away, actor=anna)


def test_priority(mira: int, anna: StaffMember) -> None:
    assert verbs.set_priority(mira, 0, actor=anna) is None
    verbs.set_priority(mira, 3, actor=anna)
    assert row(mira).priority == 3
    assert verbs.set_priority(mira, 3, actor=anna) is None
    with pytest.raises(WorkRefusedError):
        verbs.set_priority(mira, 4, actor=anna)


def test_tag_is_shown_as_it_was_first_spelled(mira: int, orders: ChannelAccount, anna: StaffMember) -> None:
    tomas = says(orders, "2", "t1", NOW)
    entry = verbs.tag(mira, "  Café \t au lait ", actor=anna)
    assert entry is not None
    assert entry.detail["tag"] == "Café au lait"
    assert verbs.tag(mira, "CAFE\u0301 AU LAIT", actor=anna) is None
    verbs.tag(tomas, "café AU lait", actor=anna)
    verbs.tag(mira, "Ärger", actor=anna)
    verbs.tag(mira, "VIP", actor=anna)
    assert row(tomas).tags == ["Café au lait"]
    assert row(mira).tags == ["Café au lait", "VIP", "Ärger"]
    verbs.untag(mira, "vip", actor=anna)
    assert verbs.untag(mira, "vip", actor=anna) is None
    assert row(mira).tags == ["Café au lait", "Ärger"]
    assert work_of(mira).tags == ("Café au lait", "Ärger")


@pytest.mark.parametrize("tag", ["", "   ", "a\u202eb", "x" * 51, "\x00"])
def test_odd_tags_are_refused(mira: int, anna: StaffMember, tag: str) -> None:
    with pytest.raises(WorkRefusedError):
        verbs.tag(mira, tag, actor=anna)


def test_customer_has_fifty_tags_at_most(mira: int, anna: StaffMember) -> None:
    for number in range(50):
        verbs.tag(mira, f"tag {number}", actor=anna)
    with pytest.raises(WorkRefusedError, match="at most 50 tags"):
        verbs.tag(mira, "one more", actor=anna)
    verbs.untag(mira, "tag 7", actor=anna)
    assert verbs.tag(mira, "one more", actor=anna) is not None


def test_promises_stand_until_they_are_kept(mira: int, anna: StaffMember) -> None:
    today = timezone.localdate()
    later = verbs.promise(mira, today + timedelta(days=3), text="Refund", actor=anna)
    sooner = verbs.promise(mira, today, text=" Call back ", actor=anna)
    assert later is not None
    assert sooner is not None
    assert row(mira).promised_for == today
    assert work_of(mira).promises == (
        Promise(sooner.pk, today, "Call back", "Anna"),
        Promise(later.pk, today + timedelta(days=3), "Refund", "Anna"),
    )
    verbs.keep_promise(sooner, actor=anna)
    assert verbs.keep_promise(sooner, actor=anna) is None
    assert row(mira).promised_for == today + timedelta(days=3)
    with pytest.raises(WorkRefusedError, match="Choose a day"):
        verbs.promise(mira, today - timedelta(days=1), text="", actor=anna)


def test_notes_are_entries_that_answer_nobody(mira: int, anna: StaffMember, ben: StaffMember) -> None:
    before = seat(line_of(mira), "1").last_seen
    note = verbs.write_note(mira, " Was kind @Ben ", actor=anna, mentions=[ben.pk, ben.pk])
    assert (note.kind, note.text, note.direction) == ("note", "Was kind @Ben", "none")
    assert note.detail == {"by": "Anna", "actor": anna.pk, "mentions": [ben.pk], "mentioned": ["Ben"]}
    assert row(mira).waiting_since == NOW - 10 * MINUTE
    assert row(mira).last_entry_at == NOW - 10 * MINUTE
    assert seat(line_of(mira), "1").last_seen == before


def line_of(profile_id: int) -> ChannelAccount:
    return ChannelAccount.objects.get(channel_identities=profile_id)


@pytest.mark.parametrize(("text", "mentions"), [(" \n ", []), ("x" * 20_001, []), ("x", [999_999]), ("a\x00b", [])])
def test_odd_notes_are_refused(mira: int, anna: StaffMember, text: str, mentions: list[int]) -> None:
    with pytest.raises(WorkRefusedError):
        verbs.write_note(mira, text, actor=anna, mentions=mentions)


def test_pins_stand_in_the_order_they_were_made(mira: int, anna: StaffMember) -> None:
    message = Entry.objects.get(provider_message_id="m1")
    note = verbs.write_note(mira, "Prefers mornings", actor=anna)
    verbs.pin(note, actor=anna)
    verbs.pin(message, actor=anna)
    assert verbs.pin(note, actor=anna) is None
    assert work_of(mira).pinned == (note.pk, message.pk)
    unpinned = verbs.unpin(note, actor=anna)
    assert unpinned is not None
    assert work_of(mira).pinned == (message.pk,)
    with pytest.raises(WorkRefusedError):
        verbs.pin(unpinned, actor=anna)


def test_first_keystroke_takes_a_free_customer(mira: int, anna: StaffMember, ben: StaffMember, settings: Any) -> None:
    settings.ASSIGN_ON_TYPING = False
    assert verbs.assign_if_free(mira, anna) is None
    settings.ASSIGN_ON_TYPING = True
    assert verbs.assign_if_free(mira, anna) is not None
    assert verbs.assign_if_free(mira, ben) is None
    assert state(mira)[0] == "Anna"


def test_merge_takes_what_was_said_last_and_unmerge_gives_each_side_its_own(
    mira: int, orders: ChannelAccount, anna: StaffMember, ben: StaffMember
) -> None:
    tomas = says(orders, "2", "t1", NOW - 9 * MINUTE)
    verbs.assign(mira, anna, actor=ben)
    verbs.tag(mira, "vip", actor=ben)
    verbs.tag(mira, "old", actor=ben)
    verbs.assign(tomas, ben, actor=ben)
    verbs.tag(tomas, "shoes", actor=ben)
    verbs.resolve(tomas, actor=ben)
    merge(mira, tomas, actor=ben)
    assert state(mira) == ("Ben", 0, ["old", "shoes", "vip"], None, False, True)
    verbs.untag(tomas, "old", actor=ben)
    verbs.set_priority(mira, 2, actor=ben)
    verbs.resolve(mira, actor=ben)
    assert state(mira) == ("Ben", 2, ["shoes", "vip"], None, True, False)
    unmerge(mira, [tomas], actor=ben)
    assert state(mira) == ("Anna", 2, ["vip"], None, True, False)
    assert state(tomas) == ("Ben", 2, ["shoes"], None, True, False)
    says(orders, "2", "t2", NOW)
    assert state(mira)[4:] == (True, False)
    assert state(tomas)[4:] == (False, True)
    assert not sum(rebuild(repair=False).differed.values())


def test_resolve_of_one_does_not_hide_who_waits_on_the_other(
    mira: int, orders: ChannelAccount, ben: StaffMember
) -> None:
    tomas = says(orders, "2", "t1", NOW - 9 * MINUTE)
    verbs.resolve(mira, actor=ben)
    merge(mira, tomas, actor=ben)
    assert state(mira)[4:] == (False, True)
    assert row(mira).waiting_since == NOW - 9 * MINUTE


def test_merged_ids_lead_to_the_survivor_and_unknown_ones_nowhere(
    mira: int, orders: ChannelAccount, anna: StaffMember, ben: StaffMember
) -> None:
    tomas = says(orders, "2", "t1", NOW)
    merge(mira, tomas, actor=ben)
    entry = verbs.assign(tomas, anna, actor=ben)
    assert entry is not None
    assert entry.detail["channel_identities"] == [mira, tomas]
    assert entry.channel_identity_id == tomas  # where they wrote last
    for unknown in (999_999, 2**70):
        with pytest.raises(UnknownProfileError):
            verbs.assign(unknown, anna, actor=ben)


def test_rebuild_finds_what_was_broken(mira: int, anna: StaffMember) -> None:
    verbs.assign(mira, anna, actor=anna)
    verbs.tag(mira, "vip", actor=anna)
    verbs.snooze(mira, datetime(2027, 1, 1, tzinfo=UTC), actor=anna)
    right = work_of(mira)
    assert not sum(rebuild(repair=False).differed.values())
    WorkState.objects.all().delete()
    QueueRow.objects.update(priority=3, tags=["odd"])
    differed = rebuild(repair=True).differed
    assert (differed["work states"], differed["queue rows"]) == (1, 1)
    assert work_of(mira) == right
    assert not sum(rebuild(repair=False).differed.values())


def test_customer_without_work_has_an_empty_one(mira: int) -> None:
    assert work_of(mira) == Work()
