"""What a member of staff has not read: counted by sender, kept over merges, written only when news was seen."""

import pytest

from profiles.merging import merge, unmerge
from profiles.models import ChannelIdentity, Role, StaffMember
from tests.pages.conftest import Born, Say, agent, born, line, say
from timeline.models import LastSeen
from timeline.reading import head_cursor
from timeline.snapshots import oldest_open
from timeline.unread import mark_seen, mark_unread, next_unread, seen_until, unread_counts, unread_of

__all__ = ["agent", "born", "line", "say"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lead() -> StaffMember:
    return StaffMember.objects.create_staff("lena@example.com", role=Role.LEAD, name="Lena")


def see(member: StaffMember, customer: ChannelIdentity, entry_id: int = 10**9) -> int:
    return mark_seen(member, customer.profile_id, cursor=head_cursor(), entry_id=entry_id)


def test_a_customer_nobody_opened_counts_from_our_last_answer(agent: StaffMember, born: Born, say: Say) -> None:
    mira = born("Mira")
    say(mira, "one", minute=1)
    say(mira, "answer", minute=2, direction="out")
    first = say(mira, "two", minute=3)
    say(mira, "three", minute=4)
    assert unread_counts(agent, [mira.profile_id, 999]) == {mira.profile_id: 2}
    assert unread_of(agent, mira.profile_id).first_entry_id == first.pk
    assert seen_until(agent, mira.profile_id) is None


def test_what_was_seen_is_read_and_what_comes_later_is_news(agent: StaffMember, born: Born, say: Say) -> None:
    mira = born("Mira")
    say(mira, "one", minute=1)
    assert see(agent, mira) == 1
    assert unread_counts(agent, [mira.profile_id]) == {}
    say(mira, "answer of a colleague", minute=2, direction="out")
    second = say(mira, "two", minute=3)
    late = say(mira, "written before, arrived now", minute=-600)
    unread = unread_of(agent, mira.profile_id)
    assert (unread.count, unread.first_entry_id) == (2, late.pk)
    assert unread.since == seen_until(agent, mira.profile_id)
    assert second.pk < late.pk


def test_nothing_is_written_when_nothing_is_new(agent: StaffMember, born: Born, say: Say) -> None:
    mira = born("Mira")
    say(mira, "one", minute=1)
    see(agent, mira)
    before = LastSeen.objects.values_list().get()
    assert see(agent, mira) == 0
    assert LastSeen.objects.values_list().get() == before


def test_what_came_after_the_page_was_made_stays_news(agent: StaffMember, born: Born, say: Say) -> None:
    mira = born("Mira")
    shown, cursor = say(mira, "one", minute=1), head_cursor()
    say(mira, "two", minute=2)
    mark_seen(agent, mira.profile_id, cursor=cursor, entry_id=shown.pk)
    assert unread_counts(agent, [mira.profile_id]) == {mira.profile_id: 1}


def test_what_was_read_and_only_changed_since_is_no_news(agent: StaffMember, born: Born, say: Say) -> None:
    mira = born("Mira")
    entry = say(mira, "one", minute=1)
    see(agent, mira)
    entry.text = "one, edited"
    entry.changed_in = oldest_open(head_cursor()) + 1
    entry.save()
    assert unread_counts(agent, [mira.profile_id]) == {}


def test_each_member_reads_for_themselves(agent: StaffMember, lead: StaffMember, born: Born, say: Say) -> None:
    mira = born("Mira")
    say(mira, "one", minute=1)
    see(agent, mira)
    assert unread_counts(lead, [mira.profile_id]) == {mira.profile_id: 1}


def test_spam_notes_history_and_blocked_senders_are_no_news(agent: StaffMember, born: Born, say: Say) -> None:
    mira, noah = born("Mira"), born("Noah")
    say(mira, "spam", minute=1, set_aside="spam")
    say(mira, "STOP", minute=2, set_aside="keyword")
    say(mira, "old", minute=3, is_backfilled=True)
    say(mira, "a note", minute=4, kind="note", direction="none")
    say(noah, "hello", minute=5)
    noah.blocked_at = noah.last_seen
    noah.save()
    assert unread_counts(agent, [mira.profile_id, noah.profile_id]) == {}


def test_marking_unread_counts_from_that_entry(agent: StaffMember, born: Born, say: Say) -> None:
    mira = born("Mira")
    entries = [say(mira, f"message {number}", minute=number) for number in range(5)]
    see(agent, mira)
    unread = mark_unread(agent, entries[3])
    assert (unread.count, unread.first_entry_id) == (2, entries[3].pk)
    assert see(agent, mira) == 1
    assert unread_counts(agent, [mira.profile_id]) == {}


def test_merge_and_unmerge_keep_what_was_read_of_each(
    agent: StaffMember, lead: StaffMember, born: Born, say: Say
) -> None:
    mira, other = born("Mira"), born("M. Lind")
    say(mira, "one", minute=1)
    say(other, "two", minute=2)
    see(agent, mira)
    merge(mira.profile_id, other.profile_id, actor=lead)
    assert unread_counts(agent, [mira.profile_id]) == {mira.profile_id: 1}
    other.refresh_from_db()
    see(agent, other)
    assert unread_counts(agent, [mira.profile_id]) == {}
    unmerge(mira.profile_id, [other.pk], actor=lead)
    other.refresh_from_db()
    say(other, "three", minute=3)
    assert unread_counts(agent, [mira.profile_id, other.profile_id]) == {other.profile_id: 1}


def test_counts_stop_at_a_hundred(agent: StaffMember, born: Born, say: Say) -> None:
    mira = born("Mira")
    first = say(mira, "message", minute=0)
    see(agent, mira)
    for number in range(120):
        say(mira, "message", minute=number + 1)
    assert unread_counts(agent, [mira.profile_id]) == {mira.profile_id: 100}
    assert see(agent, mira) == 1
    assert unread_counts(agent, [mira.profile_id]) == {}
    assert mark_unread(agent, first).count == 100


def test_the_next_customer_with_news_is_the_newest(agent: StaffMember, born: Born, say: Say) -> None:
    mira, noah, ida = born("Mira"), born("Noah"), born("Ida")
    for minute, customer in enumerate((mira, noah, ida)):
        say(customer, "hello", minute=minute)
    see(agent, ida)
    assert next_unread(agent) == noah.profile_id
    assert next_unread(agent, after=noah.profile_id) == mira.profile_id
    see(agent, mira)
    see(agent, noah)
    assert next_unread(agent) is None
