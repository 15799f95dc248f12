"""Reading by cursor: nothing missed, whatever commits late."""

import threading

import pytest
from django.db import connection, transaction

from channels_ingest import pipeline
from profiles.models import ChannelIdentity
from tests.conftest import Deliver, whatsapp_text
from timeline.models import CurrentTransaction, Entry
from timeline.reading import head_cursor, timeline_since
from timeline.snapshots import CursorError

AT = 1_760_000_000


def texts(profile_id: int, cursor: str) -> list[str]:
    return [entry.text for entry in timeline_since(profile_id, cursor)[0]]


@pytest.mark.django_db(transaction=True)
def test_entry_that_commits_after_a_later_one_is_not_missed(deliver: Deliver) -> None:
    deliver(whatsapp_text("first", wamid="w.1", at=AT))
    pipeline.drain()
    identity = ChannelIdentity.objects.get()
    written, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            Entry.objects.create(
                channel_identity=identity, account_id=identity.account_id, kind="message", direction="in",
                occurred_at=identity.last_seen, text="slow",
            )  # fmt: skip
            written.set()
            go_on.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    written.wait(10)
    deliver(whatsapp_text("fast", wamid="w.2", at=AT + 1))
    # The fast message of the same person would wait for nothing here: the slow writer holds no row of hers.
    pipeline.drain()
    entries, cursor = timeline_since(identity.profile_id, head_cursor())
    assert "slow" not in [entry.text for entry in entries]
    go_on.set()
    thread.join()
    assert "slow" in texts(identity.profile_id, cursor)


@pytest.mark.django_db(transaction=True)
def test_nothing_comes_twice_while_a_transaction_stays_open(deliver: Deliver) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def long() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
            begun.set()
            go_on.wait(10)
        connection.close()

    thread = threading.Thread(target=long)
    thread.start()
    begun.wait(10)
    deliver(whatsapp_text("first", wamid="w.1", at=AT))
    pipeline.drain()
    profile_id = ChannelIdentity.objects.get().profile_id
    cursor = head_cursor()
    deliver(whatsapp_text("second", wamid="w.2", at=AT + 1))
    pipeline.drain()
    entries, cursor = timeline_since(profile_id, cursor)
    assert [entry.text for entry in entries] == ["second"]
    assert texts(profile_id, cursor) == []
    go_on.set()
    thread.join()
    assert texts(profile_id, cursor) == []


@pytest.mark.django_db(transaction=True)
def test_what_the_reader_itself_is_writing_counts_as_unseen(deliver: Deliver) -> None:
    deliver(whatsapp_text("first", wamid="w.1", at=AT))
    pipeline.drain()
    identity = ChannelIdentity.objects.get()

    def later_one() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
        connection.close()

    with transaction.atomic():
        Entry.objects.filter(text="first").update(text="mine", changed_in=CurrentTransaction())
        thread = threading.Thread(target=later_one)  # so that our own is not the newest of all
        thread.start()
        thread.join()
        cursor = head_cursor()
        assert texts(identity.profile_id, cursor) == ["mine"]


@pytest.mark.parametrize(
    "cursor", ["", "5", "5:4:", "5:9:4", "5:9:7,6", "5:9:6,6", "5:9:9", "5:9:6;", "5:9:6,", "1:99999999999999999999:"]
)
def test_odd_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(CursorError):
        timeline_since(1, cursor)


@pytest.mark.django_db(transaction=True)
def test_changed_entries_come_again_and_unchanged_ones_do_not(deliver: Deliver) -> None:
    deliver(whatsapp_text("first", wamid="w.1", at=AT))
    deliver(whatsapp_text("second", wamid="w.2", at=AT + 1))
    pipeline.drain()
    profile_id = ChannelIdentity.objects.get().profile_id
    cursor = head_cursor()
    assert texts(profile_id, cursor) == []
    edit = {"original_message_id": "w.1", "message": {"type": "text", "text": {"body": "first, edited"}}}
    deliver(whatsapp_text("", wamid="w.3", at=AT + 2, type="edit", edit=edit))
    pipeline.drain()
    assert texts(profile_id, cursor) == ["first, edited"]


@pytest.mark.django_db(transaction=True)
def test_page_of_the_survivor_pulls_what_a_join_brought(deliver: Deliver) -> None:
    deliver(whatsapp_text("with a username", wamid="w.1", from_user_id="US.1", wa_id="15550100002"))
    deliver(whatsapp_text("from the other phone", wamid="w.2", at=AT + 1))
    pipeline.drain()
    survivor = ChannelIdentity.objects.earliest("id").profile_id
    cursor = head_cursor()
    deliver(whatsapp_text("now with both", wamid="w.3", at=AT + 2, from_user_id="US.1"))
    pipeline.drain()
    pulled = texts(survivor, cursor)
    assert "from the other phone" in pulled
    assert "now with both" in pulled
