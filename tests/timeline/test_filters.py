"""The chips above a timeline: what they let through, what they count, and that they read an index."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from profiles.models import ChannelAccount, ChannelIdentity, Profile
from timeline.counting import counts_of
from timeline.entries import EntryKind
from timeline.filters import GROUPS, TimelineFilter, filter_of
from timeline.models import Entry
from timeline.reading import timeline_after, timeline_around, timeline_page

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def mira(db: None) -> dict[str, ChannelIdentity]:
    """One customer with an address on each of three channels."""
    profile = Profile.objects.create(id=7, display_name="Mira Lind")
    found = {}
    for number, channel in enumerate(("whatsapp", "email", "store"), start=7):
        account = ChannelAccount.objects.create(provider="whatsapp_cloud", channel=channel, name=channel)
        found[channel] = ChannelIdentity.objects.create(id=number, account=account, address=channel, profile=profile)
    return found


def put(sender: ChannelIdentity, kind: str, minute: float, **more: Any) -> int:
    entry = Entry.objects.create(
        channel_identity=sender,
        account=sender.account,
        kind=kind,
        direction=more.pop("direction", "in"),
        occurred_at=NOON + timedelta(minutes=minute),
        **more,
    )
    return entry.pk


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ()),
        (["orders"], ("orders",)),
        (["orders", "whatsapp", "orders"], ("orders", "whatsapp")),
        (["nothing", "' OR 1=1", ""], ()),
    ],
)
def test_only_chips_that_exist_are_taken(names: list[str], expected: tuple[str, ...]) -> None:
    assert filter_of(names).chosen == expected


def test_every_kind_has_one_chip() -> None:
    assert sorted(kind for kinds in GROUPS.values() for kind in kinds) == sorted(EntryKind)


def test_pressing_a_chip_adds_it_and_pressing_it_again_takes_it_away() -> None:
    assert TimelineFilter(("orders",)).toggled("whatsapp").query == "&show=orders&show=whatsapp"
    assert TimelineFilter(("orders", "whatsapp")).toggled("orders").query == "&show=whatsapp"


def test_what_is_chosen_adds_up_and_failures_are_never_hidden(mira: dict[str, ChannelIdentity]) -> None:
    said = put(mira["whatsapp"], "message", 0)
    mailed = put(mira["email"], "message", 1)
    order = put(mira["store"], "order", 2)
    note = put(mira["whatsapp"], "note", 3)
    failed = put(mira["email"], "message", 4, direction="out", delivery="failed")
    seen = put(mira["store"], "page_view", 5)

    def shown(*names: str) -> list[int]:
        return [entry.pk for entry in timeline_page(7, only=filter_of(names)).entries]

    assert shown() == [seen, failed, note, order, mailed, said]
    assert shown("messages") == [failed, mailed, said]
    assert shown("orders") == [failed, order]
    assert shown("web", "notes") == [seen, failed, note]
    assert shown("whatsapp") == [failed, said]
    assert shown("whatsapp", "orders") == [failed, order, said]
    for names in (("orders",), ("whatsapp", "notes"), ("email",)):
        only = filter_of(names)
        rows = Entry.objects.select_related("account")
        kept = {e.pk for e in rows if only.takes(kind=e.kind, channel=e.account.channel, delivery=e.delivery)}
        assert kept == set(shown(*names))


def test_pages_of_a_filter_join_without_gap_or_double(mira: dict[str, ChannelIdentity]) -> None:
    orders = [put(mira["store"], "order" if n % 3 else "page_view", n // 4) for n in range(60)]
    wanted = [pk for n, pk in enumerate(orders) if n % 3]
    only, cursor, found = filter_of(["orders"]), None, []
    while True:
        page = timeline_page(7, before=cursor, limit=7, only=only)
        found += [entry.pk for entry in page.entries]
        if not (cursor := page.next_cursor):
            break
    assert found == wanted[::-1]


def test_entry_that_is_linked_to_is_shown_even_where_the_chip_hides_it(mira: dict[str, ChannelIdentity]) -> None:
    orders = [put(mira["store"], "order", n) for n in range(9)]
    message = put(mira["whatsapp"], "message", 4.5)
    page, newer = timeline_around(Entry.objects.get(pk=message), limit=5, only=filter_of(["orders"]))
    assert [entry.pk for entry in page.entries] == [orders[6], orders[5], message, orders[4], orders[3]]
    assert newer
    following = timeline_after(7, newer, only=filter_of(["orders"]))
    assert [entry.pk for entry in following.entries] == orders[7:]


def test_counts_are_by_kind_and_by_channel(mira: dict[str, ChannelIdentity]) -> None:
    for n in range(3):
        put(mira["whatsapp"], "message", n)
    put(mira["email"], "message", 9)
    put(mira["whatsapp"], "work", 10)
    put(mira["store"], "page_view", 11)
    counts = counts_of(7)
    assert counts.groups == {"messages": 4, "orders": 0, "notes": 0, "web": 1, "work": 1}
    assert counts.channels == {"whatsapp": 3, "email": 1}


def test_filter_and_counts_read_the_index_in_its_order(mira: dict[str, ChannelIdentity]) -> None:
    fill = """
        INSERT INTO timeline_entry (channel_identity_id, account_id, kind, direction, occurred_at, recorded_at, text,
            detail, is_placeholder, is_backfilled, sightings)
        SELECT CASE WHEN n %% 50 = 0 THEN %(store)s ELSE %(whatsapp)s END, %(account)s,
            CASE WHEN n %% 50 = 0 THEN 'order' ELSE 'message' END, 'none', %(noon)s + n * interval '1 second', now(),
            '', '{}', false, false, '{}'
        FROM generate_series(1, 40000) n"""
    with connection.cursor() as cursor:
        facts = {name: found.pk for name, found in mira.items()}
        cursor.execute(fill, facts | {"account": mira["store"].account_id, "noon": NOON})
        cursor.execute("ANALYZE timeline_entry")
    with CaptureQueriesContext(connection) as asked:
        timeline_page(7, only=filter_of(["orders"]))
        counts_of(7)
    for query in asked.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {query['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "entry_kinds" in plan
        assert "Seq Scan on timeline_entry" not in plan
        read = max(int(found) for found in re.findall(r"Buffers: shared hit=(\d+)", plan))
        assert read < 1000, plan  # of some 20,000 in the history
