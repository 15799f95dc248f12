"""Acknowledgements on the timeline: once per spell of waiting, never in a loop, and nobody stops waiting by one."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from channels_ingest import acknowledging
from channels_ingest.accounts import ConnectError, connect
from channels_ingest.acknowledging import acknowledge_due
from channels_ingest.sending.models import OutboxMessage
from profiles.identity.values import Standing
from profiles.models import ChannelAccount, ChannelIdentity, StaffMember
from tests.channels_ingest import saying
from tests.channels_ingest.saying import Customer, account
from tests.pages.reading_html import words
from timeline.contact_times import refold_identities
from timeline.models import Entry, QueueRow
from timeline.queue import refold

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Customers write now, not on a day long past."""
    monkeypatch.setattr(saying, "START", timezone.now() - timedelta(minutes=5))


def line(channel: str = "whatsapp", **settings: str) -> ChannelAccount:
    made = account(channel)
    made.settings |= {"auto_reply": "We have your message. {line}", **settings}
    made.save()
    return made


def automatic() -> list[str]:
    rows = Entry.objects.filter(direction="out", detail__is_automatic=True).order_by("id")
    return list(rows.values_list("text", flat=True))


def test_acknowledged_once_while_the_customer_waits() -> None:
    mira = Customer(line(), "15550100001")
    mira.writes("Where is my parcel?", 0)
    waiting = QueueRow.objects.get().waiting_since
    assert acknowledge_due() == 1
    assert automatic() == ["We have your message. whatsapp"]
    assert QueueRow.objects.get().waiting_since == waiting
    row = OutboxMessage.objects.get()
    assert (row.author, row.state, row.words) == (None, "queued", {"is_automatic": True})
    mira.writes("Hello?", 1)
    assert acknowledge_due() == 0
    assert refold_identities([mira.identity.pk]) == 0  # computed anew, it is no answer either


def test_crowd_that_has_its_acknowledgement_keeps_nobody_from_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acknowledging, "MOST_AT_ONCE", 1)
    shared = line()
    for number in range(3):
        Customer(shared, f"1555010000{number}").writes("Hello", number, key=f"m{number}")
    assert [acknowledge_due() for _ in range(4)] == [1, 1, 1, 0]


def test_answered_customer_who_writes_again_gets_no_second_one_that_day() -> None:
    mira = Customer(line(), "15550100001")
    mira.writes("Where is my parcel?", 0)
    acknowledge_due()
    mira.gets("It is on its way", 1, key="out1")
    assert QueueRow.objects.get().waiting_since is None
    mira.writes("And when?", 2)
    assert (acknowledge_due(), len(automatic())) == (0, 1)


def test_waiting_on_two_lines_is_one_episode() -> None:
    first, second = Customer(line(), "15550100001"), Customer(line("sms"), "+15550100001")
    first.writes("Hello", 0)
    second.writes("Hello", 1, key="sms1")
    ChannelIdentity.objects.filter(pk=second.identity.pk).update(profile_id=first.identity.profile_id)
    refold([first.identity.profile_id, second.identity.pk])
    assert acknowledge_due() == 1
    assert acknowledge_due() == 0


@pytest.mark.parametrize(
    ("channel", "standing", "detail", "text"),
    [
        ("email", Standing.UNPROVED, {}, "Hello"),
        ("email", Standing.FAILED, {}, "Hello"),
        ("email", Standing.PROVED, {"automatic": {"kind": "auto_reply"}}, "I am away"),
        ("email", Standing.PROVED, {"no_auto_answer": "x-auto-response-suppress"}, "Hello"),
        ("email", Standing.PROVED, {"verdict": {"spam": True}}, "You won"),
        ("sms", Standing.PROVED, {}, "STOP"),
        ("sms", Standing.PROVED, {"opt_out": "stop"}, "HALT"),
    ],
)
def test_who_is_never_answered_by_a_machine(channel: str, standing: Standing, detail: dict, text: str) -> None:  # type: ignore[type-arg]
    customer = Customer(line(channel), "a@b.example" if channel == "email" else "+15550100001", standing)
    customer.writes(text, 0, detail=detail)
    assert (acknowledge_due(), automatic()) == (0, [])


def test_opted_out_customer_gets_none_when_they_write_again() -> None:
    mira = Customer(line("sms"))
    mira.writes("STOP", 0)
    mira.writes("Where is my parcel?", 1)
    assert QueueRow.objects.get().waiting_since is not None
    assert acknowledge_due() == 0


def test_history_and_late_messages_get_none() -> None:
    mira = Customer(line(), "15550100001")
    mira.writes("long ago", 0, backfilled=True)
    assert acknowledge_due() == 0
    mira.writes("Where is my parcel?", -60)
    assert acknowledge_due() == 0


def test_only_outside_the_hours_if_there_are_any() -> None:
    today = timezone.now().strftime("%a")
    open_now = line(hours=f"{today} 00:00-24:00", time_zone="UTC")
    mira = Customer(open_now, "15550100001")
    mira.writes("Hello", 4.9)
    assert acknowledge_due() == 0
    open_now.settings["holidays"] = timezone.now().date().isoformat()
    open_now.save()
    assert acknowledge_due() == 1


def test_it_is_shown_as_automatic(client: Client) -> None:
    mira = Customer(line(), "15550100001")
    mira.writes("Hello", 0)
    acknowledge_due()
    client.force_login(StaffMember.objects.create_staff("ana@hub.example", role="agent"))
    page = words(client.get(f"/inbox/waiting/{mira.identity.profile_id}/"))
    assert "Automatic; the customer still waits" in page


def test_connect_takes_and_checks_the_settings() -> None:
    needed = {"app_secret": "s", "verify_token": "v"}
    made = connect("whatsapp_cloud", name="A", values={**needed, "auto_reply": "Thanks", "hours": "Mon 09:00-17:00"})
    assert (made.setting("auto_reply"), made.setting("hours")) == ("Thanks", "Mon 09:00-17:00")
    with pytest.raises(ConnectError, match="expected a time zone such as Europe/Berlin"):
        connect("whatsapp_cloud", name="A", values={"time_zone": "Berlin"})


def test_hub_without_such_a_line_asks_one_question(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    Customer(account("sms")).writes("Hello", 0)
    with django_assert_num_queries(1):
        assert acknowledge_due(datetime.now(tz=timezone.get_current_timezone())) == 0
