"""When an answer is due: minutes of business hours, of the line on which the oldest open question came."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from channels_ingest.accounts import ConnectError, connect
from profiles.merging import merge
from profiles.models import ChannelAccount, ChannelIdentity, Role, StaffMember
from profiles.office_hours import Hours, read_hours
from tests.timeline.work.cast import line, row, says
from timeline.models import QueueRow
from timeline.rebuilding import rebuild
from timeline.work import verbs
from timeline.work.sweeping import retarget, wake_due
from timeline.work.targets import due_at

BERLIN = read_hours("Mon-Fri 09:00-17:00, Sat 10:00-14:00", zone="Europe/Berlin", holidays="2026-12-25")
NIGHTS = read_hours("Sun 01:00-04:00", zone="Europe/Berlin")
TWICE = read_hours("Mon 09:00-12:00, Mon 11:00-13:00")
RARE = read_hours("Mon 09:00-09:01")

CASES = [
    # Within the day, over the evening, over Sunday.
    (BERLIN, "2026-11-20T09:00", 60, "2026-11-20T10:00"),
    (BERLIN, "2026-11-20T15:30", 60, "2026-11-21T09:30"),
    (BERLIN, "2026-11-21T12:30", 60, "2026-11-23T08:30"),
    # To the minute at which the day ends, and one more.
    (BERLIN, "2026-11-20T15:00", 60, "2026-11-20T16:00"),
    (BERLIN, "2026-11-20T15:00", 61, "2026-11-21T09:01"),
    # Written at night and on Sunday: the clock starts when somebody comes.
    (BERLIN, "2026-11-20T03:00", 30, "2026-11-20T08:30"),
    (BERLIN, "2026-11-22T12:00", 30, "2026-11-23T08:30"),
    # Over the holiday.
    (BERLIN, "2026-12-24T15:59", 2, "2026-12-26T09:01"),
    # Over a week of office days: 40 + 4 hours.
    (BERLIN, "2026-11-16T08:00", 44 * 60, "2026-11-21T13:00"),
    # The night in which summer time ends has four hours between 01:00 and 04:00, the one in which it starts two.
    (NIGHTS, "2026-10-24T20:00", 240, "2026-10-25T03:00"),
    (NIGHTS, "2026-10-24T20:00", 241, "2026-11-01T00:01"),
    (NIGHTS, "2026-03-28T20:00", 120, "2026-03-29T02:00"),
    (NIGHTS, "2026-03-28T20:00", 121, "2026-04-04T23:01"),
    # Before and after the change of the clocks nine o'clock is another hour in UTC.
    (BERLIN, "2026-10-23T14:30", 271, "2026-10-26T08:01"),
    # Hours that overlap count once.
    (TWICE, "2026-11-23T09:00", 240, "2026-11-23T13:00"),
    (RARE, "2026-11-23T09:00", 60, None),
]


@pytest.mark.parametrize(("hours", "since", "minutes", "due"), CASES)
def test_minutes_count_while_somebody_is_there(hours: Hours, since: str, minutes: int, due: str | None) -> None:
    found = hours.after(datetime.fromisoformat(since).replace(tzinfo=UTC), minutes)
    assert (found.strftime("%Y-%m-%dT%H:%M") if found else None) == due


NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # a Friday


def test_first_and_next_have_targets_of_their_own_and_none_is_the_default() -> None:
    both = {"first_reply_minutes": "30", "next_reply_minutes": "120"}
    assert due_at(both, NOON, is_first=True) == NOON + timedelta(minutes=30)
    assert due_at(both, NOON, is_first=False) == NOON + timedelta(minutes=120)
    assert due_at({}, NOON, is_first=True) is None
    assert due_at({"first_reply_minutes": "30"}, NOON, is_first=False) is None
    assert due_at({"first_reply_minutes": "off"}, NOON, is_first=True) is None
    assert due_at({"first_reply_minutes": "soon"}, NOON, is_first=True) is None
    odd = {"first_reply_minutes": "30", "hours": "whenever"}
    assert due_at(odd, NOON, is_first=True) == NOON + timedelta(minutes=30)


NOW = timezone.now()
MINUTE = timedelta(minutes=1)


@pytest.fixture
def lead(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("lead@shop.example", name="Lena", role=Role.LEAD)


@pytest.fixture
def quick(db: None) -> ChannelAccount:
    return line("Quick", first_reply_minutes="10", next_reply_minutes="60")


def test_episode_begins_with_the_first_target_and_goes_on_with_the_next(
    quick: ChannelAccount, lead: StaffMember
) -> None:
    mira = says(quick, "1", "m1", NOW - 60 * MINUTE)
    assert row(mira).due_at == NOW - 50 * MINUTE
    says(quick, "1", "m2", NOW - 55 * MINUTE)
    assert row(mira).due_at == NOW - 50 * MINUTE  # the clock of the oldest question
    verbs.assign(mira, lead, actor=lead)
    assert row(mira).due_at == NOW - 50 * MINUTE
    says(quick, "1", "a1", NOW - 50 * MINUTE, out=True)
    assert row(mira).due_at is None
    says(quick, "1", "m3", NOW - 40 * MINUTE)
    assert row(mira).due_at == NOW + 20 * MINUTE
    verbs.resolve(mira, actor=lead)
    assert row(mira).due_at is None
    says(quick, "1", "m4", NOW)
    assert row(mira).due_at == NOW + 10 * MINUTE
    assert not sum(rebuild(repair=False).differed.values())


def test_clock_does_not_start_anew_when_the_customer_changes_channel(quick: ChannelAccount, lead: StaffMember) -> None:
    slow = line("Slow", "sms", first_reply_minutes="600")
    bare = line("Bare", "sms")
    phone = "+4915127784131"
    mira = says(quick, "4915127784131", "m1", NOW - 30 * MINUTE, phone=phone)
    for number, account in enumerate((slow, bare)):
        assert says(account, phone, f"s{number}", NOW - number * MINUTE, phone=phone) == mira
        assert row(mira).due_at == NOW - 20 * MINUTE
    tomas = says(bare, "2", "t1", NOW - 60 * MINUTE)
    merge(mira, tomas, actor=lead)
    assert row(mira).due_at is None  # the oldest question came on a line without a target


def test_target_that_is_set_anew_counts_at_once_for_those_who_wait(quick: ChannelAccount) -> None:
    mira = says(quick, "1", "m1", NOW)
    quick.settings = {"first_reply_minutes": "25"}
    quick.save()
    assert rebuild(repair=False).differed["queue rows"] == 1
    assert retarget(quick.pk) == 1
    assert row(mira).due_at == NOW + 25 * MINUTE
    quick.settings = {}
    quick.save()
    assert retarget(quick.pk) == 1
    assert row(mira).due_at is None
    assert retarget(quick.pk) == 0


@pytest.mark.django_db(transaction=True)
def test_connecting_again_moves_what_is_due() -> None:
    values = {"app_secret": "a-secret", "verify_token": "a-token", "first_reply_minutes": "25"}
    account = connect("whatsapp_cloud", name="Orders", values=values)
    mira = says(account, "1", "m1", NOW)
    assert row(mira).due_at == NOW + 25 * MINUTE
    connect("whatsapp_cloud", name="Orders", values={"first_reply_minutes": "5"})
    assert row(mira).due_at == NOW + 5 * MINUTE
    connect("whatsapp_cloud", name="Orders", values={"first_reply_minutes": "off"})
    assert row(mira).due_at is None


@pytest.mark.parametrize("minutes", ["0", "-5", "1.5", "soon", "", "200000", "٣٠"])
def test_odd_targets_are_refused(db: None, minutes: str) -> None:
    values = {"app_secret": "a-secret", "verify_token": "a-token", "next_reply_minutes": minutes}
    with pytest.raises(ConnectError, match="next_reply_minutes: expected whole minutes from 1 to 120960, or off"):
        connect("whatsapp_cloud", name="Orders", values=values)


def test_targets_can_be_set_from_the_command_line(db: None) -> None:
    given = ["app_secret=a-secret", "verify_token=a-token", "first_reply_minutes=15", "hours=Mon-Fri 09:00-17:00"]
    call_command("connect", "whatsapp_cloud", "--name", "Orders", *(word for each in given for word in ("--set", each)))
    assert ChannelAccount.objects.get().setting("first_reply_minutes") == "15"
    with pytest.raises(CommandError, match="first_reply_minutes: expected whole minutes"):
        call_command("connect", "whatsapp_cloud", "--name", "Orders", "--set", "first_reply_minutes=x")


def test_snooze_that_ran_out_is_swept_away_once(quick: ChannelAccount, lead: StaffMember) -> None:
    mira, tomas = says(quick, "1", "m1", NOW), says(quick, "2", "t1", NOW)
    until = timezone.now() + timedelta(hours=1)
    verbs.snooze(mira, until, actor=lead)
    verbs.snooze(tomas, until + timedelta(days=1), actor=lead)
    assert wake_due() == 0
    assert wake_due(until - timedelta(seconds=1)) == 0
    assert wake_due(until) == 1
    assert wake_due(until) == 0
    assert (row(mira).snoozed_until, row(tomas).snoozed_until) == (None, until + timedelta(days=1))


def test_snooze_that_ran_out_and_was_not_swept_is_no_difference(quick: ChannelAccount, lead: StaffMember) -> None:
    mira = says(quick, "1", "m1", NOW)
    past = timezone.now() - timedelta(hours=1)
    verbs.snooze(mira, timezone.now() + timedelta(hours=1), actor=lead)
    shift_snooze(mira, past)
    assert not sum(rebuild(repair=False).differed.values())
    says(quick, "1", "m2", NOW)
    assert row(mira).snoozed_until is None


def shift_snooze(profile_id: int, until: datetime) -> None:
    """As if the snooze had been until then."""
    seat = ChannelIdentity.objects.get(id=profile_id)
    entry = seat.entries.get(kind="work")
    entry.detail["until"] = until.isoformat()
    entry.save()
    seat.work.fields["snooze"]["value"] = until.isoformat()
    seat.work.save()
    with transaction.atomic():
        QueueRow.objects.filter(profile_id=profile_id).update(snoozed_until=until)
