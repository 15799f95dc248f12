"""Work at the same moment: one winner, nothing lost, nobody waits for ever."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from profiles.merging import merge, unmerge
from profiles.models import ChannelAccount, Role, StaffMember
from tests.timeline.work.cast import line, row, says
from timeline.models import Entry, Tag
from timeline.rebuilding import rebuild
from timeline.work import verbs
from timeline.work.reading import work_of

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each deed returned; all begin at the same moment, in connections of their own."""
    gate, found, errors = threading.Barrier(len(deeds)), [None] * len(deeds), list[BaseException]()

    def run(number: int) -> None:
        try:
            gate.wait()
            found[number] = deeds[number]()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not errors
    return found


@pytest.fixture
def orders() -> ChannelAccount:
    return line("Orders")


@pytest.fixture
def team() -> list[StaffMember]:
    return [StaffMember.objects.create_staff(f"{n}@shop.example", name=f"C{n}", role=Role.LEAD) for n in range(6)]


def test_one_of_many_first_keystrokes_wins(orders: ChannelAccount, team: list[StaffMember]) -> None:
    mira = says(orders, "1", "m1", NOW)
    found = at_once(*(lambda who=who: verbs.assign_if_free(mira, who) for who in team))  # type: ignore[misc]
    [winner] = [entry for entry in found if entry is not None]
    assert Entry.objects.filter(kind="work").count() == 1
    assert row(mira).assignee_id == winner.detail["to"] == winner.detail["actor"]


def test_double_click_writes_once(orders: ChannelAccount, team: list[StaffMember]) -> None:
    mira = says(orders, "1", "m1", NOW)
    lena = team[0]
    notes = at_once(*[lambda: verbs.write_note(mira, "Kind", actor=lena, key="k")] * 4)
    assert len({note.pk for note in notes}) == 1
    at_once(*[lambda: verbs.resolve(mira, actor=lena)] * 4)
    at_once(*[lambda: verbs.tag(mira, "VIP", actor=lena)] * 4)
    assert sorted(Entry.objects.filter(kind="work").values_list("detail__type", flat=True)) == ["resolved", "tagged"]
    assert Tag.objects.count() == 1


def test_same_new_tag_on_many_customers_is_one_tag(orders: ChannelAccount, team: list[StaffMember]) -> None:
    people = [says(orders, str(number), f"m{number}", NOW) for number in range(6)]
    spelled = ["VIP", "vip", "Vip", "vIP", "VIp", "viP"]
    at_once(*(lambda n=n: verbs.tag(people[n], spelled[n], actor=team[n]) for n in range(6)))  # type: ignore[misc]
    [name] = Tag.objects.values_list("name", flat=True)
    assert [row(pk).tags for pk in people] == [[name]] * 6


@pytest.mark.parametrize("turn", range(5))
def test_message_that_crosses_a_resolve_is_never_hidden(
    orders: ChannelAccount, team: list[StaffMember], turn: int
) -> None:
    mira = says(orders, "1", "m1", NOW - timedelta(minutes=5))
    at_once(
        lambda: verbs.resolve(mira, actor=team[0]),
        lambda: says(orders, "1", "m2", NOW - timedelta(minutes=4)),
        lambda: verbs.assign(mira, team[1], actor=team[1]),
    )
    resolve = Entry.objects.get(detail__type="resolved")
    crossing = Entry.objects.get(provider_message_id="m2")
    assert (row(mira).waiting_since is not None) == (crossing.pk > resolve.pk)
    assert (row(mira).resolved_at is None) == (crossing.pk > resolve.pk)
    assert work_of(mira).assignee == team[1]


@pytest.mark.parametrize("turn", range(5))
def test_work_that_crosses_a_merge_is_about_whoever_it_names(
    orders: ChannelAccount, team: list[StaffMember], turn: int
) -> None:
    mira, tomas = says(orders, "1", "m1", NOW), says(orders, "2", "t1", NOW)
    lena = team[0]
    at_once(
        lambda: merge(mira, tomas, actor=lena),
        lambda: verbs.tag(mira, "A", actor=lena),
        lambda: verbs.tag(tomas, "B", actor=lena),
        lambda: verbs.snooze(tomas, timezone.now() + timedelta(days=1), actor=lena),
        lambda: says(orders, "3", "o1", NOW),
    )
    assert row(mira).tags == ["A", "B"]
    unmerge(mira, [tomas], actor=lena)
    named = {e.detail["tag"]: e.detail["channel_identities"] for e in Entry.objects.filter(detail__type="tagged")}
    for pk in (mira, tomas):
        assert row(pk).tags == sorted(tag for tag, seats in named.items() if pk in seats)
    assert not sum(rebuild(repair=False).differed.values())
