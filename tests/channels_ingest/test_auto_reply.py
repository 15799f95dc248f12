"""Office hours and the decision to acknowledge: tables of cases, no database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels_ingest.auto_reply import SETTINGS, Plan, Waiting, plan_of, reason_not_to
from profiles.office_hours import HoursError, read_hours, read_zone

WEEK = "Mon-Fri 09:00-17:00, Sat 10:00-14:00"
BERLIN = read_hours(WEEK, zone="Europe/Berlin", holidays="2026-12-25")
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)  # a Saturday evening
PLAN = Plan(text="We are back at {opens}. {line}", line="Orders", hours=BERLIN, when="closed")
WAITING = Waiting(written_at=NOW - timedelta(seconds=3), episode_since=NOW - timedelta(seconds=3), standing="proved",
                  is_open=True)  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "is_open", "opens"),
    [
        ("2026-11-20T07:59:00Z", False, "2026-11-20T09:00:00+01:00"),  # Friday, a minute to nine in Berlin
        ("2026-11-20T08:00:00Z", True, "2026-11-20T09:00:00+01:00"),
        ("2026-11-20T16:00:00Z", False, "2026-11-21T10:00:00+01:00"),  # five o'clock sharp
        ("2026-11-21T20:00:00Z", False, "2026-11-23T09:00:00+01:00"),  # over Sunday
        ("2026-12-25T10:00:00Z", False, "2026-12-26T10:00:00+01:00"),  # a holiday, then a Saturday
        ("2026-03-29T06:30:00Z", False, "2026-03-30T09:00:00+02:00"),  # the clocks went forward that night
        ("2026-10-23T16:00:00Z", False, "2026-10-24T10:00:00+02:00"),
    ],
)
def test_hours_follow_the_clock_on_the_wall(moment: str, is_open: bool, opens: str) -> None:
    at = datetime.fromisoformat(moment)
    assert BERLIN.is_open(at) is is_open
    opening = BERLIN.next_opening(at)
    assert opening is not None
    assert opening == (at if is_open else datetime.fromisoformat(opens))


def test_hours_around_the_week_and_the_clock() -> None:
    hours = read_hours("Sat-Mon 00:00-24:00, Wed 08:30-12:00, Wed 13:00-17:45")
    days = [hours.is_open(datetime(2026, 11, day, 23, 59, tzinfo=UTC)) for day in range(16, 23)]
    assert days == [True, False, False, False, False, True, True]
    assert [hours.is_open(datetime(2026, 11, 18, *clock, tzinfo=UTC)) for clock in ((8, 30), (12, 0), (17, 44))] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    "text",
    ["", "daily", "Mon 9-17", "Mon 25:00-26:00", "Mon 17:00-09:00", "Mon-Foo 09:00-17:00", "Mon 09:00-09:00"],
)
def test_odd_hours_are_refused(text: str) -> None:
    with pytest.raises(HoursError):
        read_hours(text)


@pytest.mark.parametrize("zone", ["Berlin", "", "../etc/passwd", "Europe"])
def test_odd_zones_are_refused(zone: str) -> None:
    with pytest.raises(HoursError):
        read_zone(zone)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, ""),
        ({"stay_silent": "auto_reply"}, "automatic"),
        ({"standing": "unproved"}, "forgeable"),
        ({"standing": "failed"}, "forgeable"),
        ({"is_open": False}, "closed_address"),
        ({"episode_since": NOW - timedelta(hours=2)}, "late"),
        ({"written_at": NOW - timedelta(minutes=16)}, "late"),
        ({"had_automatic_since": True}, "episode"),
        ({"last_automatic_at": NOW - timedelta(hours=23)}, "recently"),
        ({"last_automatic_at": NOW - timedelta(hours=25)}, ""),
    ],
)
def test_who_gets_no_acknowledgement(changed: dict[str, Any], reason: str) -> None:
    assert reason_not_to(PLAN, replace(WAITING, **changed), NOW) == reason


def test_within_the_hours_only_those_who_asked_for_it_are_answered() -> None:
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    waiting = replace(WAITING, written_at=noon, episode_since=noon)
    assert reason_not_to(PLAN, waiting, noon) == "hours"
    assert reason_not_to(replace(PLAN, when="always"), waiting, noon) == ""


def test_words() -> None:
    assert PLAN.words(NOW) == "We are back at 2026-11-23 09:00 CET. Orders"
    assert replace(PLAN, hours=None).words(NOW) == ""  # it promises a time that nobody knows
    assert replace(PLAN, text="Thanks {{}}", hours=None).words(NOW) == "Thanks {}"


@pytest.mark.parametrize(
    ("name", "value", "is_right"),
    [
        ("auto_reply", "Thanks, we are back at {opens}", True),
        ("auto_reply", "off", True),
        ("auto_reply", "Hello {name}", False),
        ("auto_reply", "Hello {line.__class__}", False),
        ("auto_reply", "Hello {line!r}", False),
        ("auto_reply", "Hello {opens:>999999999}", False),
        ("auto_reply", "Hello {0}", False),
        ("auto_reply", "Hello {", False),
        ("auto_reply", "x" * 601, False),
        ("auto_reply_when", "closed", True),
        ("auto_reply_when", "sometimes", False),
        ("hours", WEEK, True),
        ("hours", "whenever", False),
        ("time_zone", "Europe/Berlin", True),
        ("time_zone", "Mars/Olympus", False),
        ("holidays", "2026-12-25, 2026-12-26", True),
        ("holidays", "Christmas", False),
    ],
)
def test_settings_are_checked(name: str, value: str, is_right: bool) -> None:
    setting = next(each for each in SETTINGS if each.name == name)
    assert setting.check is not None
    assert (not setting.check(value)) is is_right


def test_plan_is_none_while_it_is_off_or_odd() -> None:
    assert plan_of({}, "Orders") is None
    assert plan_of({"auto_reply": "off"}, "Orders") is None
    assert plan_of({"auto_reply": "Thanks {name}"}, "Orders") is None
    assert plan_of({"auto_reply": "Thanks", "hours": "odd"}, "Orders") is None
    plan = plan_of({"auto_reply": "Thanks"}, "Orders")
    assert plan is not None
    assert plan.when == "always"
