"""What a trusted server's item is read as, and what is refused with which words. Pure: no database."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_ingest.adapters.base import AccountSettings, Delivery, PayloadError
from channels_ingest.adapters.trusted_server import NORMALISER
from channels_ingest.messages import Introduction, Item, Message, Refused
from tests.channels_ingest.evidence import event, introduction

NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)


def read(call: str, body: Any) -> Item:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    [located] = NORMALISER.normalise(Delivery(body=raw, headers={"call": call, "receipt": "r"}), AccountSettings(), NOW)
    return located.item


def person(*identifiers: dict[str, Any]) -> dict[str, Any]:
    return introduction(identifiers=list(identifiers))


def known(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "value": value, **more}


@pytest.mark.parametrize(
    ("identifiers", "address"),
    [
        ([known("customer_id", "c-42")], "c-42"),
        ([known("customer_id", 42)], "42"),
        ([known("email", "Mira@Example.com"), known("phone", "+46 (70) 174-06 05")], "+46701740605"),
        ([known("phone", "0046701740605"), known("customer_id", "c-42")], "+46701740605 c-42"),
        ([known("email", "Mira@Example.com")], "Mira@Example.com"),
        ([known("visitor", "v-42")], "v-42"),
        ([known("visitor", "42")], "visitor:42"),
        ([known("customer_id", "mira@example.com")], "customer_id:mira@example.com"),
        ([known("customer_id", "+46701740605")], "customer_id:+46701740605"),
        ([known("customer_id", "visitor:42")], "customer_id:visitor:42"),
        ([known("customer_id", "7", scope="crm")], "customer_id@crm:7"),
        ([known("customer_id", "7", scope="crm"), known("customer_id", "42")], "42"),
        ([known("whatsapp_user", "US.1", scope="117")], "whatsapp_user@117:US.1"),
        ([known("order", "1042"), known("visitor", "v")], "v"),
    ],
)
def test_address_is_the_strongest_identifier_and_no_two_kinds_share_one(
    identifiers: list[dict[str, Any]], address: str
) -> None:
    item = read("identify", person(*identifiers))
    assert isinstance(item, Introduction), item
    assert item.sender.address == address.split(" ")[-1]
    assert {i.grade for i in item.sender.identifiers} == {"proved"}


def test_scopes_default_to_the_source_where_ids_are_its_own() -> None:
    item = read(
        "identify", person(*(known(kind, "v1") for kind in ("customer_id", "visitor", "order")), known("email", "a@b"))
    )
    assert isinstance(item, Introduction)
    assert [(i.kind, i.scope) for i in item.sender.identifiers] == [
        ("customer_id", "shop"),
        ("visitor", "shop"),
        ("order", "shop"),
        ("email", ""),
    ]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("events", {"source": None}, "source: expected 1 to 100 printable characters"),
    ("events", {"source": "a\u0000b"}, "source: expected"),
    ("events", {"source": "x" * 101}, "source: expected"),
    ("identify", {"source": "agent"}, "source: agent is a word of the hub's own"),
    ("events", {"id": None}, "id: expected 1 to 200 characters"),
    ("events", {"id": "\ud800"}, "id: expected"),
    ("events", {"id": True}, "id: expected"),
    ("events", {"id": 10**60}, "id: expected"),
    ("events", {"kind": ["page_view"]}, "kind: expected one of page_view, order, payment, custom"),
    ("events", {"kind": "message"}, "kind: expected"),
    ("events", {"kind": "survey", "detail": {}}, "detail.score: expected a score or a text"),
    ("events", {"kind": "survey", "detail": {"score": 2}}, "detail.score: expected 0 up to detail.of"),
    ("events", {"kind": "survey", "detail": {"score": 6, "of": 5}}, "detail.score: expected 0 up to detail.of"),
    ("events", {"kind": "survey", "detail": {"score": -1, "of": 5}}, "detail.score: expected 0 up to detail.of"),
    ("events", {"kind": "survey", "detail": {"score": "NaN", "of": 5}}, "detail.score: expected a number"),
    ("events", {"kind": "survey", "detail": {"score": 1, "of": 5, "text": ["x"]}}, "detail.text: expected a text"),
    ("events", {"occurred_at": None}, "occurred_at: expected an ISO 8601 time"),
    ("events", {"occurred_at": 1772373600}, "occurred_at: expected an ISO 8601 time"),
    ("events", {"occurred_at": "2026-03-01T14:05:00"}, "occurred_at: expected a zone"),
    ("events", {"occurred_at": "2026-03-01"}, "occurred_at: expected a zone"),
    ("events", {"occurred_at": "2027-03-01T14:05:00Z"}, "occurred_at: expected a time from 1995 to now"),
    ("events", {"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at: expected"),
    ("events", {"occurred_at": "9999-12-31T23:59:59-14:00"}, "occurred_at: expected"),
    ("identify", {"occurred_at": "1969-01-01T00:00:00Z"}, "occurred_at: expected"),
    ("events", {"identifiers": None}, "identifiers: expected a list of 1 to 8"),
    ("events", {"identifiers": []}, "identifiers: expected a list of 1 to 8"),
    ("events", {"identifiers": [known("visitor", str(n)) for n in range(9)]}, "identifiers: expected a list of 1 to 8"),
    ("events", {"identifiers": ["x"]}, "identifiers[0]: expected an object"),
    ("events", {"identifiers": [known("fax", "1")]}, "identifiers[0].kind: expected one of customer_id,"),
    (
        "events",
        {"identifiers": [known("phone", "0701740605")]},
        "identifiers[0].value: expected a phone number in inter",
    ),
    (
        "events",
        {"identifiers": [known("phone", "+46CALLME")]},
        "identifiers[0].value: expected a phone number in inter",
    ),
    ("events", {"identifiers": [known("phone", "+46701740605", scope="x")]}, "identifiers[0].scope: phone has none"),
    ("events", {"identifiers": [known("email", "mira")]}, "identifiers[0].value: expected an e-mail address"),
    ("events", {"identifiers": [known("email", "")]}, "identifiers[0].value: expected 1 to 254 printable"),
    (
        "events",
        {"identifiers": [known("customer_id", "undefined")]},
        "identifiers[0].value: a placeholder is no customer",
    ),
    ("events", {"identifiers": [known("customer_id", "a\u0000")]}, "identifiers[0].value: expected 1 to 254"),
    ("events", {"identifiers": [known("customer_id", 1.5)]}, "identifiers[0].value: expected 1 to 254"),
    ("events", {"identifiers": [known("whatsapp_user", "US.1")]}, "identifiers[0].scope: a whatsapp_user needs"),
    ("events", {"identifiers": [known("order", "1042")]}, "identifiers: an order alone names nobody"),
    (
        "events",
        {"identifiers": [known("customer_id", "1"), known("customer_id", "2")]},
        "identifiers: two customer_ids",
    ),
    ("events", {"detail": "x"}, "detail: expected an object"),
    ("events", {"detail": {}}, "detail.url: expected the http or https address"),
    ("events", {"detail": {"url": "javascript:alert(1)"}}, "detail.url: expected the http or https address"),
    ("events", {"kind": "order", "detail": {"total": "much"}}, "detail.total: expected a number or a decimal string"),
    ("events", {"kind": "order", "detail": {"total": "NaN"}}, "detail.total: expected a number"),
    ("events", {"kind": "order", "detail": {"total": 1e300}}, "detail.total: expected a number"),
    ("events", {"kind": "order", "detail": {"currency": "euro"}}, "detail.currency: expected a three-letter code"),
    ("events", {"kind": "order", "detail": {"items": {}}}, "detail.items: expected a list of at most 200"),
    ("events", {"kind": "order", "detail": {"items": [1]}}, "detail.items[0]: expected an object"),
    ("events", {"kind": "order", "detail": {"items": [{"price": []}]}}, "detail.items[0].price: expected a number"),
    ("events", {"kind": "custom", "detail": {"name": ["x"]}}, "detail.name: expected a short text"),
    ("events", {"kind": "custom", "detail": {"x": "y" * 16_000}}, "detail: expected at most 16000 characters"),
    ("events", {"kind": "custom", "detail": {"x": 10**50}}, "detail.x: the number is too large"),
    ("identify", {"traits": []}, "traits: expected an object of at most 50 names"),
    ("identify", {"traits": {"": "x"}}, "traits: name 1: expected 1 to 40 printable characters"),
    ("identify", {"traits": {"a": "x" * 501}}, "traits: value 1: expected at most 500 characters"),
]


@pytest.mark.parametrize(("call", "changed", "reason"), REFUSED)
def test_wrong_item_is_refused_with_what_was_expected(call: str, changed: dict[str, Any], reason: str) -> None:
    item = read(call, (event if call == "events" else introduction)(**changed))
    assert isinstance(item, Refused)
    assert item.reason.startswith(reason)


def test_numbers_beyond_a_float_and_deep_nesting_are_refused() -> None:
    deep = b'{"a":' * 30 + b"1" + b"}" * 30
    for odd in (b"1e400", deep):
        item = json.dumps(event(kind="custom", detail={"x": "ODD"})).encode().replace(b'"ODD"', odd)
        assert isinstance(read("events", item), Refused)
        item = json.dumps(introduction(traits={"x": "ODD"})).encode().replace(b'"ODD"', odd)
        assert isinstance(read("identify", item), Refused if odd == b"1e400" else Introduction)


def test_details_keep_what_was_sent_without_secrets() -> None:
    item = read(
        "events",
        event(
            kind="payment",
            detail={
                "amount": "59.90",
                "currency": "eur",
                "state": "captured",
                "order": 1042,
                "cardNumber": "4111111111111111",
                "shipping": {"method": "DHL", "Access-Token": "t0ken"},
                "note": "nul \0 lone \ud800",
            },
        ),
    )
    assert isinstance(item, Message)
    assert item.detail == {
        "amount": "59.90",
        "currency": "EUR",
        "state": "captured",
        "order": "1042",
        "shipping": {"method": "DHL"},
        "note": "nul  lone ?",
    }
    assert [(i.kind, i.value, i.scope) for i in item.sender.identifiers][-1] == ("order", "1042", "shop")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("https://shop.example/jackets?page=2&token=abc#reviews", "https://shop.example/jackets?page=2"),
        ("https://shop.example/?utm_source=mail&email=a%40b.c&q=blue", "https://shop.example/?utm_source=mail&q=blue"),
        ("https://shop.example/?q=a%40b.c&utm_term=" + "x" * 61, "https://shop.example/"),
        ("http://user:pass@shop.example:8080/x", "http://shop.example:8080/x"),
        ("https://shop.example/reset/abcdef", "https://shop.example/reset/…"),
        ("https://shop.example/o/9f8b7c6d5e4f3a2b1c0d", "https://shop.example/o/…"),
        ("https://shop.example/o/6f1b7a52-8a1c-4f0e-9a2b-0c1d2e3f4a5b", "https://shop.example/o/…"),
        ("https://shop.example/u/mira%40example.com", "https://shop.example/u/…"),
        (
            "https://shop.example/the-2026-winter-jacket-no-12345678",
            "https://shop.example/the-2026-winter-jacket-no-12345678",
        ),
        ("https://shop.example/caf%C3%A9%2Fbar", "https://shop.example/caf%C3%A9%2Fbar"),
        ("https://[::1]:9/x", "https://[::1]:9/x"),
        ("https://shop.example:99999/", None),
        ("https://[odd/", None),
        ("ftp://shop.example/", None),
    ],
)
def test_page_address_is_shown_without_what_opens_something(sent: str, shown: str | None) -> None:
    item = read("events", event(detail={"url": sent, "title": "Page", "referrer": sent}))
    assert isinstance(item, Message)
    assert (item.detail.get("url"), item.detail.get("referrer")) == (shown, shown)


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b"[" + b"{}," * 1000 + b"{}]", b"{", b'{"a": NaN}'])
def test_foreign_body_is_a_payload_error(body: bytes) -> None:
    with pytest.raises(PayloadError):
        read("events", body)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ["source", "id", "kind", "occurred_at", "identifiers", "traits", "detail"]
INSIDE = [
    "url",
    "title",
    "referrer",
    "number",
    "state",
    "currency",
    "total",
    "items",
    "amount",
    "order",
    "name",
    "password",
]


@given(
    call=st.sampled_from(["identify", "events"]),
    changed=st.dictionaries(st.sampled_from(FIELDS), ANY, max_size=2),
    kind=st.sampled_from(["page_view", "order", "payment", "custom"]),
    detail=st.dictionaries(st.sampled_from(INSIDE), ANY, max_size=4),
)
def test_any_json_gives_an_item_or_a_reason_that_can_be_stored(
    call: str, changed: dict[str, Any], kind: str, detail: dict[str, Any]
) -> None:
    body = json.dumps({**event(kind=kind, detail=detail), **changed})
    try:
        item = read(call, body.encode())
    except PayloadError:
        assert "NaN" in body or "Infinity" in body
        return
    stored = item.reason if isinstance(item, Refused) else json.dumps(_content(item), allow_nan=False)
    assert "\\u0000" not in stored
    stored.encode()


def _content(item: Item) -> Any:
    assert isinstance(item, Message | Introduction)
    detail = dict(item.detail) if isinstance(item, Message) else {}
    sender = item.sender
    return [sender.address, dict(sender.traits), [(i.value, i.scope) for i in sender.identifiers], detail]
