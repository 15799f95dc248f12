"""Search over everything: the same before the index has come so far and after; right after edits, deletions, merges."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from channels_ingest import pipeline
from profiles.merging import merge, unmerge
from profiles.models import ChannelIdentity, Role, StaffMember
from tests.conftest import Deliver, whatsapp_change, whatsapp_text
from timeline.models import Entry, EntryWords, SearchCursor
from timeline.search import finding as searching
from timeline.search import index as search_index
from timeline.search.finding import EntriesFound, search_entries

AT = 1_760_000_000
CUSTOMER = "15550100001"

pytestmark = pytest.mark.django_db(transaction=True)
Settle = Callable[[], None]


@pytest.fixture(params=["indexed", "not yet indexed"])
def settle(request: pytest.FixtureRequest) -> Settle:
    """Works the inbox; then the index is current in one run of the test, and has not moved in the other."""
    search_index.step()  # the follower begins here
    is_indexed = request.param == "indexed"

    def work() -> None:
        pipeline.drain()
        if is_indexed:
            follow()

    return work


def follow() -> None:
    """The index has read everything."""
    while search_index.step():
        pass


def texts(found: EntriesFound) -> list[str]:
    return [each.entry.text for each in found.entries]


def marked(found: EntriesFound) -> list[str]:
    return [segment.text for each in found.entries for segment in each.snippet if segment.is_match]


def whole(found: EntriesFound) -> list[str]:
    return ["".join(segment.text for segment in each.snippet) for each in found.entries]


def edit(wamid: str, target: str, text: str, at: int) -> dict[str, Any]:
    message = {"type": "text", "text": {"body": text}}
    return done("edit", wamid, target, at, message=message)


def done(kind: str, wamid: str, target: str, at: int, **more: Any) -> dict[str, Any]:
    detail = {"original_message_id": target, **more}
    message = {"from": CUSTOMER, "id": wamid, "timestamp": str(at), "type": kind, kind: detail}
    return whatsapp_change(messages=[message])


@pytest.mark.parametrize(
    ("text", "asked", "match"),
    [
        ("Where is my parcel 1042?", "parcel", "parcel"),
        ("Where is my parcel 1042?", "PARC", "parcel"),
        ("Wo ist mein Päckchen?", "packchen", "Päckchen"),
        ("Wo ist mein Päckchen?", "paeck", "Päckchen"),
        ("王小明在哪里", "小明", "小明"),
        ("أين طلبي يا مُحَمَّد", "محمد", "مُحَمَّد"),
        ("איפה החבילה שלי", "חבילה", None),
        ("איפה החבילה שלי", "החבי", "החבילה"),
        ("Где мой заказ?", "ЗАКАЗ", "заказ"),
        ("the blue jacket", '"blue jacket"', "blue jacket"),
        ("the jacket, blue", '"blue jacket"', None),
        ("👍🏽 thanks", "thanks", "thanks"),
    ],
)
def test_message_is_found(deliver: Deliver, settle: Settle, text: str, asked: str, match: str | None) -> None:
    deliver(whatsapp_text(text, wamid="w.1"))
    settle()
    found = search_entries(asked)
    assert marked(found) == ([match] if match else [])
    assert whole(found) == ([text] if match else [])


def test_edited_message_is_found_by_what_it_says_now(deliver: Deliver, settle: Settle) -> None:
    deliver(whatsapp_text("Where is my umbrella?", wamid="w.1", at=AT))
    settle()
    deliver(edit("edit.1", "w.1", "Where is my bicycle?", AT + 60))
    settle()
    assert texts(search_entries("bicycle")) == ["Where is my bicycle?"]
    assert texts(search_entries("umbrella")) == []


def test_deleted_message_is_not_found_and_its_words_are_gone(deliver: Deliver, settle: Settle) -> None:
    deliver(whatsapp_text("my secret umbrella", wamid="w.1", at=AT))
    settle()
    deliver(done("revoke", "revoke.1", "w.1", AT + 60))
    settle()
    assert texts(search_entries("umbrella")) == []
    follow()
    assert EntryWords.objects.get().words == ""


def test_hit_belongs_to_who_holds_the_address_now(deliver: Deliver, settle: Settle) -> None:
    deliver(whatsapp_text("umbrella", wamid="w.1", wa_id="15550100001"))
    deliver(whatsapp_text("hello", wamid="w.2", wa_id="15550100002"))
    settle()
    one, other = ChannelIdentity.objects.order_by("id").values_list("id", flat=True)
    lead = StaffMember.objects.create_staff("lead@example.com", role=Role.LEAD)
    assert [each.profile_id for each in search_entries("umbrella").entries] == [one]
    survivor = merge(other, one, actor=lead).profile_ids[0]
    assert [each.profile_id for each in search_entries("umbrella").entries] == [survivor]
    unmerge(survivor, [other], actor=lead)
    assert [each.profile_id for each in search_entries("umbrella").entries] == [one]


def test_pages_are_whole_and_without_overlap(deliver: Deliver, settle: Settle) -> None:
    for number in range(45):
        deliver(whatsapp_text(f"umbrella {number}", wamid=f"w.{number}", at=AT + number // 4))
    settle()
    seen, cursor = [], None
    while True:
        page = search_entries("umbrella", before=cursor, limit=10)
        seen += texts(page)
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [f"umbrella {number}" for number in reversed(range(45))]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub in which three matches are many."""
    monkeypatch.setattr(searching, "MOST_SORTED", 3)
    monkeypatch.setattr(searching, "GLANCE", 2)
    monkeypatch.setattr(searching, "STRETCH", 7)


@pytest.mark.usefixtures("small")
def test_common_word_says_how_far_back_was_looked_and_goes_on_there(deliver: Deliver) -> None:
    for number in range(30):
        word = "common" if number < 6 or number == 29 else "other"
        deliver(whatsapp_text(f"{word} {number}", wamid=f"w.{number}", at=AT + number))
    pipeline.drain()
    follow()
    first = search_entries("common", limit=5)
    assert texts(first) == ["common 29"]
    assert first.searched_back_to == datetime.fromtimestamp(AT + 23, UTC)
    seen, cursor = texts(first), first.next_cursor
    for _ in range(10):
        if cursor is None:
            break
        page = search_entries("common", before=cursor, limit=5)
        seen += texts(page)
        cursor = page.next_cursor
    assert cursor is None
    assert seen == ["common 29", *(f"common {number}" for number in reversed(range(6)))]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("every", [1, 2, 5, 13])
def test_every_way_of_looking_finds_the_same(deliver: Deliver, every: int) -> None:
    wanted = []
    for number in range(40):
        text = f"umbrella {number}" if number % every == 0 else f"other {number}"
        deliver(whatsapp_text(text, wamid=f"w.{number}", at=AT + number // 3))
        wanted += [text] if text.startswith("umbrella") else []
    pipeline.drain()
    follow()
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = search_entries("umbrella", before=cursor, limit=2)
        seen += texts(page)
        cursor, pages = page.next_cursor, pages + 1
        assert pages < 40
    assert seen == wanted[::-1]


def test_entries_from_before_the_search_are_read_newest_first_and_a_crash_repeats_nothing(deliver: Deliver) -> None:
    for number in range(12):
        deliver(whatsapp_text(f"umbrella {number}", wamid=f"w.{number}", at=AT + number))
    pipeline.drain()
    assert search_index.step(5)  # the cursor is set
    assert search_entries("umbrella").is_complete is False
    with transaction.atomic():
        assert search_index.step(5)
        transaction.set_rollback(True)
    assert search_index.step(5)
    assert EntryWords.objects.count() == 5
    assert texts(search_entries("umbrella"))[:5] == [f"umbrella {number}" for number in (11, 10, 9, 8, 7)]
    follow()
    assert EntryWords.objects.count() == 12
    assert search_entries("umbrella").is_complete is True


def test_entry_that_commits_late_is_followed(deliver: Deliver) -> None:
    """What others wrote meanwhile is read at once, and the cursor waits for whoever is still open."""
    deliver(whatsapp_text("hello", wamid="w.1"))
    pipeline.drain()
    follow()
    identity = ChannelIdentity.objects.get()
    written, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            Entry.objects.create(
                channel_identity=identity, account_id=identity.account_id, kind="message", direction="in",
                occurred_at=datetime.now(UTC), text="slow",
            )  # fmt: skip
            written.set()
            go_on.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(10)
    deliver(whatsapp_text("quick", wamid="w.2"))
    pipeline.drain()
    follow()
    assert EntryWords.objects.count() == 2
    go_on.set()
    thread.join()
    assert texts(search_entries("slow")) == ["slow"]
    follow()
    assert EntryWords.objects.count() == 3


def test_database_restored_elsewhere_is_read_again(deliver: Deliver) -> None:
    """There transactions are counted from the start: the cursor is ahead of all that will be written."""
    deliver(whatsapp_text("umbrella", wamid="w.1"))
    pipeline.drain()
    follow()
    SearchCursor.objects.update(followed_to=2**60)
    Entry.objects.update(changed_in=2**60)
    EntryWords.objects.all().delete()
    assert search_index.step()
    deliver(whatsapp_text("umbrella again", wamid="w.2", at=AT + 9))
    pipeline.drain()
    follow()
    assert EntryWords.objects.count() == 2


def test_status_of_a_message_does_not_touch_the_index(deliver: Deliver) -> None:
    deliver(whatsapp_text("umbrella", wamid="w.1"))
    pipeline.drain()
    follow()
    before = updates()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE timeline_entry SET delivery = 'read', changed_in = pg_current_xact_id()::text::bigint")
    follow()
    after = updates()
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


def updates() -> tuple[int, int]:
    """How many rows of words were ever rewritten, and how many of them without touching an index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'timeline_entrywords'")
        all_of_them, heap_only = cursor.fetchone()
        return all_of_them, heap_only


def test_what_is_searched_of_an_entry() -> None:
    detail = {
        "subject": "Your order", "attachments": [{"name": "Invoice.pdf"}, "odd"], "items": [{"name": "Blue jacket"}, 7],
        "number": 1042, "location": {"name": "Harbour", "address": None},
    }  # fmt: skip
    text = search_index.searchable_text("order", "paid", detail)
    assert text.split("\n") == ["Your order", "paid", "1042", "Invoice.pdf", "Blue jacket", "Harbour"]
    assert search_index.searchable_text("page_view", "Shoes", {}) == ""
    assert search_index.searchable_text("message", "hello", {"revoked_at": "2026-01-01"}) == ""
    assert search_index.searchable_text("message", "", {"attachments": None, "items": {}}) == ""


def test_very_long_message_is_searchable(deliver: Deliver, settle: Settle) -> None:
    words = " ".join(f"w{number}" for number in range(3_000)) + " umbrella " + "x" * 5_000
    deliver(whatsapp_text(words, wamid="w.1"))
    settle()
    [found] = search_entries("umbrella").entries
    assert "".join(segment.text for segment in found.snippet).startswith("… w29")
    assert len(json.dumps([segment.text for segment in found.snippet])) < 400


@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"{number:x}" + "ß" * 60 for number in range(20_000)),  # more than PostgreSQL takes
        "".join(chr(0x4E00 + number % 20_000) for number in range(400_000)),  # no space at all
        "a" * 1_000_000,
        "e" + "\u0301" * 200_000,
        "\u0301" * 100_000 + "'\\ :* & |",
    ],
    ids=["many words", "one run", "one word", "one letter", "marks"],
)
def test_hostile_text_does_not_stop_the_index(deliver: Deliver, text: str) -> None:
    deliver(whatsapp_text("umbrella", wamid="w.1"))
    pipeline.drain()
    Entry.objects.update(text=text)
    deliver(whatsapp_text("umbrella", wamid="w.2", at=AT + 1))
    pipeline.drain()
    follow()
    assert EntryWords.objects.count() == 2
    assert texts(search_entries("umbrella")) == ["umbrella"]


def test_snippet_is_cut_between_words() -> None:
    text = "one two three four five six seven eight nine ten eleven twelve " * 4 + "umbrella " + "tail " * 60
    found = searching.snippet_of(text, [(text.index("umbrella"), text.index("umbrella") + 8)])
    assert found[0] == searching.Segment("… ")
    assert found[1].text == "four five six seven eight nine ten eleven twelve "
    assert found[2] == searching.Segment("umbrella", is_match=True)
    assert found[-1] == searching.Segment(" …")
    assert sum(len(segment.text) for segment in found) < 190


def test_snippet_of_an_endless_word_ends() -> None:
    found = searching.snippet_of("a" * 1_000_000, [(0, 1_000_000)])
    assert found == (searching.Segment("a" * 180, is_match=True), searching.Segment(" …"))


def test_nothing_asked_is_nothing_found(deliver: Deliver) -> None:
    deliver(whatsapp_text("umbrella", wamid="w.1"))
    pipeline.drain()
    for asked in ("", "  ", "👍", "'", '""', "\\", "%", "&|!"):
        assert search_entries(asked).entries == []
