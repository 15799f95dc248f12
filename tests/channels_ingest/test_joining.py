"""Long text messages of Vonage's old SMS API, which come in parts: one message on the timeline, in any order."""

import hashlib
import hmac
import itertools
import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from channels_ingest import envelopes, pipeline
from channels_ingest.accounts import connect
from channels_ingest.adapters._vonage_signature import signed_text
from channels_ingest.models import Envelope
from profiles.models import ChannelAccount, ConsentEvent
from timeline.models import Amendment, Entry, QueueRow
from timeline.recording import refold_entries

SECRET = "a signature secret of at least 32 bytes"
AT = datetime(2026, 10, 9, 8, 30, tzinfo=UTC)
TEXTS = {1: "My parcel 1042 has not ar", 2: "rived, and I leave on Fri", 3: "day. Could you call me?"}
WHOLE = "My parcel 1042 has not arrived, and I leave on Friday. Could you call me?"


@pytest.fixture
def texts(db: None) -> ChannelAccount:
    return connected()


def connected() -> ChannelAccount:
    values = {"signature_secret": SECRET, "sms_signature": "sha256", "from": "447700900000"}
    return connect("sms_vonage", name="Texts", values=values)


def post(account: ChannelAccount, number: int, *, text: str = "", at: datetime = AT, **fields: str) -> None:
    """Part `number` is delivered, signed as Vonage signs."""
    said = {
        "msisdn": "447700900001",
        "to": "447700900000",
        "messageId": f"id.{number}",
        "text": text or TEXTS[number],
        "type": "text",
        "message-timestamp": f"{at:%Y-%m-%d %H:%M:%S}",
        "concat": "true",
        "concat-ref": "42",
        "concat-total": "3",
        "concat-part": str(number),
    } | {name.replace("_", "-"): value for name, value in fields.items()}
    said = {name.replace("messageid", "messageId"): value for name, value in said.items()}
    said["sig"] = hmac.new(SECRET.encode(), signed_text(said).encode(), hashlib.sha256).hexdigest()
    url = f"/webhooks/sms_vonage/{account.key}/"
    assert Client().post(url, json.dumps(said), content_type="application/json").status_code == 200


def shown() -> list[tuple[str, list[int]]]:
    entries = Entry.objects.filter(kind="message").order_by("occurred_at", "id")
    return [(e.text, e.detail["part"].get("came", [e.detail["part"]["number"]])) for e in entries]


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))), ids=str)
@pytest.mark.parametrize("at_once", [True, False])
def test_parts_are_one_message_in_any_order(texts: ChannelAccount, order: Sequence[int], at_once: bool) -> None:
    for number in (*order, order[0]):
        post(texts, number, at=AT + timedelta(minutes=3 * order.index(number)))
        if not at_once:
            pipeline.drain()
    pipeline.drain()
    assert shown() == [(WHOLE, [1, 2, 3])]
    [row] = QueueRow.objects.all()
    assert row.waiting_since is not None


def test_what_came_is_shown_and_grows(texts: ChannelAccount) -> None:
    post(texts, 2)
    pipeline.drain()
    assert shown() == [(TEXTS[2], [2])]
    post(texts, 3, at=AT + timedelta(minutes=20))
    pipeline.drain()
    assert shown() == [("… rived, and I leave on Friday. Could you call me?", [2, 3])]
    post(texts, 1, at=AT + timedelta(minutes=59))
    pipeline.drain()
    assert shown() == [(WHOLE, [1, 2, 3])]


def test_gap_is_shown_as_one(texts: ChannelAccount) -> None:
    post(texts, 3)
    post(texts, 1)
    pipeline.drain()
    assert shown() == [("My parcel 1042 has not ar … day. Could you call me?", [1, 3])]


def test_replay_and_refold_change_nothing(texts: ChannelAccount) -> None:
    for number in (2, 3, 1):
        post(texts, number)
        pipeline.drain()
    before = list(Entry.objects.values("id", "text", "detail", "changed_in"))
    envelopes.replay(list(Envelope.objects.values_list("id", flat=True)))
    pipeline.drain()
    assert refold_entries(Entry.objects.values_list("id", flat=True)) == 0
    assert list(Entry.objects.values("id", "text", "detail", "changed_in")) == before
    assert Amendment.objects.count() == 2


def test_number_that_comes_again_is_another_message(texts: ChannelAccount) -> None:
    for number in TEXTS:
        post(texts, number)
    for number in TEXTS:
        post(texts, number, at=AT + timedelta(days=9), messageid=f"later.{number}")
    pipeline.drain()
    assert shown() == [(WHOLE, [1, 2, 3])] * 2
    post(texts, 2, messageid="again.2", text="the same part of another text")
    pipeline.drain()
    assert shown()[1] == ("the same part of another text", [2])


@pytest.mark.parametrize(
    "fields", [{"concat_ref": "43"}, {"concat_total": "4"}, {"msisdn": "447700900009"}, {"concat": "false"}], ids=str
)
def test_what_differs_is_not_joined(texts: ChannelAccount, fields: dict[str, str]) -> None:
    post(texts, 1)
    post(texts, 2, **fields)
    pipeline.drain()
    assert sorted(Entry.objects.values_list("text", flat=True)) == sorted([TEXTS[1], TEXTS[2]])


@pytest.mark.parametrize(("part", "total"), [("0", "3"), ("4", "3"), ("1", "1"), ("x", "3"), ("²", "3"), ("", "")])
def test_odd_numbers_make_no_part(texts: ChannelAccount, part: str, total: str) -> None:
    post(texts, 1, concat_part=part, concat_total=total)
    pipeline.drain()
    [entry] = Entry.objects.all()
    assert (entry.text, entry.detail) == (TEXTS[1], {"type": "text"})


def test_part_without_a_reference_belongs_to_nothing(texts: ChannelAccount) -> None:
    post(texts, 1, concat_ref="")
    post(texts, 2, concat_ref="")
    pipeline.drain()
    assert sorted(Entry.objects.values_list("text", flat=True)) == sorted([TEXTS[1], TEXTS[2]])


def test_keyword_at_the_end_of_a_long_text_opts_nobody_out(texts: ChannelAccount) -> None:
    post(texts, 3, text="stop")
    pipeline.drain()
    assert not ConsentEvent.objects.exists()
    assert Entry.objects.get().set_aside == ""


@pytest.mark.django_db(transaction=True)
def test_parts_that_two_workers_take_at_once_are_one_message() -> None:
    account = connected()
    for round_number in range(4):
        start = threading.Barrier(2)

        def work(envelope: int, start: threading.Barrier = start) -> None:
            start.wait()
            pipeline._work_alone(envelope, pipeline.Worked())
            connection.close()

        for number in (1, 2):
            post(account, number, concat_ref=str(round_number), messageid=f"{round_number}.{number}")
        waiting = Envelope.objects.filter(state="received").values_list("id", flat=True)
        Envelope.objects.update(attempts=1)
        threads = [threading.Thread(target=work, args=[pk]) for pk in waiting]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [came for _, came in shown()] == [[1, 2]] * 4
