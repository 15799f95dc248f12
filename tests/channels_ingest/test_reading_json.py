"""A body is read as the standard library's `json` reads it, by whichever reader: the same values of the same types."""

import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_ingest.adapters.base import PayloadError, read_any_json

PAYLOADS = sorted((Path(__file__).parent / "payloads").rglob("*.json"))

READ: list[tuple[bytes, object]] = [
    (b'{"a": 1, "b": 0, "a": 2}', {"a": 2, "b": 0}),
    (b"123456789012345678901234567890", 123456789012345678901234567890),
    (b"[18446744073709551616, -9223372036854775809]", [18446744073709551616, -9223372036854775809]),
    (b"1" * 4300, int("1" * 4300)),
    (b"-0", 0),
    (b"[1.0, 1e2, 0.1, 5e-324, 1e-400]", [1.0, 100.0, 0.1, 5e-324, 0.0]),
    (b"[1e400, -1e400]", [math.inf, -math.inf]),
    (b'"\\ud83d\\ude4f"', "🙏"),
    (b'"\\ud83d"', "\ud83d"),
    (b'"\\udc00\\ud800"', "\udc00\ud800"),
    (b'"\xed\xa0\x80"', "\ud800"),
    (b'"a\\u0000b"', "a\x00b"),
    (b'"\x7f"', "\x7f"),
    (b"\xef\xbb\xbf{}", {}),
    ('{"ü": 1}'.encode("utf-16"), {"ü": 1}),
    ("[1]".encode("utf-32-le"), [1]),
    (b" \t\r\n{} \n", {}),
    (b"[" * 100 + b"]" * 100, eval("[" * 90 + "[[[[[[[[[[]]]]]]]]]]" + "]" * 90)),
]

REFUSED = [
    b"", b" ", b"NaN", b"[Infinity]", b"-Infinity", b"{} x", b"{}{}", b"{}\x00", b"\x0c{}", b"\xc2\xa0{}", b"/**/{}",
    b"tru", b"01", b"1.", b".1", b"+1", b"1_0", b"1" * 4301, b"[1,]", b'{"a": 1,}', b"{a: 1}", b"{'a': 1}", b"{1: 2}",
    b'"', b'"\\x"', b'"\\u12"', b'"\\u+123"', b'"\x00"', b'"\t"', b'"\xff"', b'"\xc0\x80"', b'"\xf4\x90\x80\x80"',
    b"[" * 100_000, b'{"a":' * 100_000,
]  # fmt: skip


def alike(one: Any, other: Any) -> bool:
    """Whether both are the same, type by type: 1, 1.0 and True are not, and the order of keys counts."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return repr(one) == repr(other)


@pytest.mark.parametrize(("body", "value"), READ, ids=lambda part: repr(part)[:40])
def test_odd_bodies_are_read_to_the_letter(body: bytes, value: object) -> None:
    assert alike(read_any_json(body), value)


@pytest.mark.parametrize("body", REFUSED, ids=lambda body: repr(body[:20]))
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError, match=r"^expected JSON, got "):
        read_any_json(body)


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.name)
def test_every_payload_is_read_as_json_reads_it(path: Path) -> None:
    assert alike(read_any_json(path.read_bytes()), json.loads(path.read_bytes()))


def by_json(body: bytes) -> list[Any]:
    """What the standard library reads, in a list; an empty one if it refuses."""
    try:
        return [json.loads(body, parse_constant=refuse)]
    except (ValueError, RecursionError):
        return []


def refuse(name: str) -> None:
    raise ValueError(name)


def read(body: bytes) -> list[Any]:
    try:
        return [read_any_json(body)]
    except PayloadError:
        return []


PIECES = [
    b'"', b"\\", b"\\u", b"\\ud800", b"\\udfff", b"{", b"}", b"[", b"]", b",", b":", b"-", b"0", b".", b"1.5", b"E+",
    b"1e999", b"NaN", b"null", b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f\x99\x8f", b"\xef\xbb\xbf", b"\n",
    b"\x0b", b"99999999999999999999", b'"a":1,',
]  # fmt: skip


def damaged(seed: int, number: int) -> Iterator[bytes]:
    """Payloads of providers with up to three places cut, overwritten or added to."""
    chance = random.Random(seed)
    bodies = [body for path in PAYLOADS if len(body := path.read_bytes()) < 4_000]
    for _ in range(number):
        body = bytearray(chance.choice(bodies))
        for _ in range(chance.randint(1, 3)):
            start = chance.randrange(len(body))
            body[start : start + chance.choice((0, 0, 1, 3, 20))] = chance.choice(PIECES)
        yield bytes(body)


def test_damaged_payloads_are_read_or_refused_as_json_does() -> None:
    for body in damaged(seed=7, number=1_500):
        assert alike(read(body), by_json(body)), body


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.integers(-(2**70), 2**70)
        | st.floats(allow_nan=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.booleans(),
)
def test_whatever_json_writes_is_read_as_json_reads_it(value: Any, is_escaped: bool) -> None:
    body = json.dumps(value, ensure_ascii=is_escaped).encode("utf-8", "surrogatepass")
    assert alike(read(body), by_json(body))
