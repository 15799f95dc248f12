"""Each kind of entry in words, on the customer's page."""

from typing import Any

import pytest
from django.test import Client

from tests.pages.conftest import Born, Say
from tests.pages.reading_html import words

SHOWN: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "voice note",
        {
            "detail": {
                "type": "audio",
                "attachments": [{"type": "audio", "voice": True, "mime_type": "audio/ogg; codecs=opus"}],
            }
        },
        ["Voice note", "OGG · Stored at WhatsApp"],
    ),
    (
        "location",
        {
            "detail": {
                "type": "location",
                "location": {"latitude": 52.52034, "longitude": 13.40495, "name": "Café Sonne", "address": "Berlin"},
            }
        },
        ["Café Sonne", "Berlin", "52.52034, 13.40495"],
    ),
    (
        "contact",
        {"detail": {"type": "contacts", "contacts": [{"name": "Jonas", "phones": [{"phone": "+49 151 9"}]}]}},
        ["Jonas", "Contact card", "+49 151 9"],
    ),
    (
        "order",
        {
            "detail": {
                "type": "order",
                "order": {"items": [{"product_id": "SHELL", "quantity": 2, "price": 79.9, "currency": "EUR"}]},
            }
        },
        ["1 item", "2 × SHELL 159.80 EUR", "Total 159.80 EUR"],
    ),
    (
        "choice",
        {"text": "Express", "detail": {"type": "choice", "choice": {"kind": "list", "description": "2 days"}}},
        ["Chose from a list Express 2 days"],
    ),
    ("reaction", {"text": "Hi", "detail": {"type": "text", "reactions": [{"emoji": "❤️"}]}}, ["Reaction ❤️"]),
    (
        "edit",
        {
            "text": "right",
            "detail": {"type": "text", "edits": [{"previous_text": "wrnog", "at": "2026-11-20T12:01:00+00:00"}]},
        },
        ["right", "Edited 12:01", "Before 12:01 wrnog"],
    ),
    (
        "revoked",
        {"text": "secret", "detail": {"type": "text", "revoked_at": "2026-11-20T12:01:00+00:00"}},
        ["Deleted by the customer 12:01", "Show what was deleted secret"],
    ),
    ("forwarded", {"text": "look", "detail": {"type": "text", "forwarded": "often"}}, ["Forwarded many times"]),
    (
        "ad",
        {"text": "Hi", "detail": {"type": "text", "referral": {"source_type": "ad", "headline": "Sale"}}},
        ["Came from an ad Sale"],
    ),
    ("group", {"text": "Hi", "detail": {"type": "text", "group": {"id": "1"}}}, ["In a group"]),
    ("history", {"text": "Hi", "is_backfilled": True}, ["From history"]),
    (
        "unsupported",
        {"detail": {"type": "unsupported"}, "is_placeholder": True},
        ["WhatsApp does not pass on this kind of message."],
    ),
    (
        "not understood",
        {"detail": {"type": "poll", "raw": {"type": "poll"}}, "is_placeholder": True},
        ["The hub cannot read this kind of message yet."],
    ),
    (
        "no content",
        {"detail": {"type": "unknown"}, "is_placeholder": True},
        ["The content of this message has not arrived yet."],
    ),
    ("read", {"text": "Hi", "direction": "out", "delivery": "read"}, ["12:00 Read"]),
    (
        "failed, our words",
        {"text": "Hi", "direction": "out", "delivery": "failed", "detail": {"errors": [{"code": 131047}]}},
        ["Failed: more than 24 hours since the customer wrote, so only a template may be sent"],
    ),
    (
        "failed, their words",
        {
            "text": "Hi",
            "direction": "out",
            "delivery": "failed",
            "detail": {"errors": [{"code": 1, "title": "API unknown"}]},
        },
        ["Failed: API unknown"],
    ),
    (
        "consent",
        {"kind": "consent", "direction": "none", "detail": {"purpose": "marketing", "is_granted": False}},
        ["Marketing by WhatsApp: withdrawn"],
    ),
    (
        "joined",
        {
            "kind": "identity",
            "direction": "none",
            "detail": {"type": "joined", "because": [{"kind": "phone", "value": "+49151"}]},
        },
        ["belongs to this customer", "matched by Phone +49 151"],
    ),
    (
        "system",
        {"kind": "system", "direction": "none", "text": "Mira changed her phone number"},
        ["Mira changed her phone number"],
    ),
    (
        "odd shapes",
        {
            "text": "still here",
            "detail": {
                "type": ["x"],
                "attachments": 3,
                "location": [],
                "contacts": {},
                "order": "x",
                "reply_to": 1,
                "referral": "x",
                "errors": {},
                "reactions": [1],
                "edits": [None],
                "revoked_at": 7,
                "choice": 1,
                "part": {"total": "x", "came": 1},
            },
        },
        ["still here"],
    ),
    (
        "parts of a long text",
        {"text": "… rived", "detail": {"type": "text", "part": {"number": 2, "total": 3, "of": "1"}}},
        ["Parts 1, 3 of 3 have not come", "… rived"],
    ),
]


@pytest.mark.parametrize(("entry", "expected"), [case[1:] for case in SHOWN], ids=[case[0] for case in SHOWN])
def test_entry_is_shown_in_words(
    pages: Client, born: Born, say: Say, entry: dict[str, Any], expected: list[str]
) -> None:
    mira = born("Mira Lind")
    say(mira, **entry)
    shown = words(pages.get(f"/inbox/all/{mira.pk}/"))
    for phrase in expected:
        assert phrase in shown
