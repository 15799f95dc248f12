"""What is signed is kept and read: odd things cost only themselves, nothing breaks a worker."""

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_ingest.messages import Message
from channels_ingest.models import Envelope
from tests.channels_ingest.conformance.conftest import Line
from tests.channels_ingest.conformance.description import Description
from timeline.models import Entry

SEED = 20261122


def test_small_message_becomes_one_entry(line: Line) -> None:
    assert line.deliver(line.of.message("Ünïcode 🧵 שלום", "1")).status_code == 200
    line.work()
    entry = Entry.objects.get()
    assert (entry.text, entry.kind, entry.direction) == ("Ünïcode 🧵 שלום", *line.of.makes)
    assert entry.channel_identity.address
    assert entry.sender_grade in (("proved", "weak", "claimed") if entry.direction == "in" else (None,))


def test_content_type_is_not_believed(line: Line) -> None:
    kinds = ["application/json", "text/plain", "application/x-www-form-urlencoded", "image/png", "multipart/form-data"]
    for number, kind in enumerate(kinds):
        if "boundary" in line.of.content_type:  # what a multipart body means, only its header can tell
            continue
        signed = line.signed(line.of.message("hello", str(number)))
        assert line.post(signed, content_type=kind).status_code == 200
        line.work()
        assert Entry.objects.filter(text="hello").count() == number + 1


def test_every_foreign_body_is_kept_and_makes_nothing(line: Line) -> None:
    for body in line.of.foreign:
        answer = line.deliver(body)
        assert answer.status_code in (200, line.of.adapter.refusal_status), body[:40]
    line.work()
    assert not Entry.objects.exists()
    for envelope in Envelope.objects.all():
        assert (envelope.state, bool(envelope.fault)) == ("not_understood", True), bytes(envelope.body)[:40]
        assert "canary" not in envelope.fault


def test_cut_body_that_was_signed_like_that_breaks_nothing(line: Line) -> None:
    body = line.of.message("hello", "1")
    for place in range(0, len(body), max(1, len(body) // 40)):
        assert line.deliver(body[:place]).status_code in (200, line.of.adapter.refusal_status)
    line.work()


def test_many_messages_are_all_recorded(line: Line) -> None:
    messages = [(f"text {number}", f"{number}") for number in range(250)]
    if line.of.batch:
        assert line.deliver(line.of.batch(messages)).status_code == 200
    else:
        for text, key in messages:
            assert line.deliver(line.of.message(text, key)).status_code == 200
    line.work()
    assert set(Entry.objects.values_list("text", flat=True)) == {text for text, _ in messages}
    assert Entry.objects.count() == len(messages)


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "a\udfff\x00b", "a\ufffe\U0010ffffb"])
def test_what_postgresql_cannot_store_costs_only_itself(line: Line, text: str) -> None:
    assert line.deliver(line.of.message(text, "1")).status_code == 200
    assert line.deliver(line.of.message("beside it", "2")).status_code == 200
    line.work()
    stored = Entry.objects.exclude(text="beside it").get().text
    assert stored[0] + stored[-1] == "ab"
    assert "\x00" not in stored
    stored.encode("utf-8")


@pytest.mark.parametrize("key", ["\x00", "a\x00b", "\ud800", "a" * 600, "'", " ", "\u202e1"])
def test_odd_message_id_breaks_nothing(line: Line, key: str) -> None:
    assert line.deliver(line.of.message("odd", key)).status_code == 200
    assert line.deliver(line.of.message("beside it", "2")).status_code == 200
    line.work()
    assert Entry.objects.filter(text="beside it").count() == 1


def test_same_message_in_another_delivery_is_one_entry(line: Line) -> None:
    assert line.deliver(line.of.message("hello", "1")).status_code == 200
    line.work()
    before = list(Entry.objects.values())
    Envelope.objects.update(delivery_key="as if it had been another")
    assert line.deliver(line.of.message("hello", "1")).status_code == 200
    line.work()
    assert Envelope.objects.count() == 2
    assert list(Entry.objects.values()) == before


Mutate = Callable[[random.Random, bytes], bytes]


def _cut(chance: random.Random, body: bytes) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _spliced(chance: random.Random, body: bytes) -> bytes:
    start, end = sorted((chance.randrange(len(body) + 1), chance.randrange(len(body) + 1)))
    return body[:start] + body[end:]


def _struck(chance: random.Random, body: bytes) -> bytes:
    place = chance.randrange(len(body))
    return (
        body[:place]
        + chance.choice([b"\x00", b"\xff", b'"', b"&", b"=", b"%", b"null", b"{", b"9" * 400])
        + body[place:]
    )


def _doubled(chance: random.Random, body: bytes) -> bytes:
    start, end = sorted((chance.randrange(len(body) + 1), chance.randrange(len(body) + 1)))
    return body[:end] + body[start:end] + body[end:]


def test_nothing_that_is_like_a_payload_raises(of: Description) -> None:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    bodies = [path.read_bytes() for path in of.files]
    for _ in range(600):
        body = chance.choice(bodies) or b" "
        for _ in range(chance.randrange(1, 4)):
            body = chance.choice([_cut, _spliced, _struck, _doubled])(chance, body or b" ")
        for located in of.read(body):
            item = located.item
            if isinstance(item, Message):
                assert item.provider_message_id
                assert item.sender.address
                assert "\x00" not in item.text
                item.text.encode("utf-8")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200))
def test_no_bytes_raise(of: Description, body: bytes) -> None:
    of.read(body)
