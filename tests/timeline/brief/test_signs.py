"""Orders in trouble, signs of mood, failed messages, switches, colleagues, files: each as facts."""

from datetime import UTC, date, timedelta
from typing import Any

import pytest

from tests.timeline.brief.telling import at, done, said, talk
from timeline.brief.meanwhile import colleagues, failed, files, switches
from timeline.brief.mood import is_capitals, mood
from timeline.brief.orders import orders
from timeline.brief.summing_up import Visit, findings
from timeline.brief.values import Happened, Rule

NOW = at("sun", "12:00")


def told(*entries: Happened) -> list[tuple[int, dict[str, Any]]]:
    return [(line.entry, dict(line.facts)) for line in orders(entries, now=NOW, zone=UTC)]


def test_failed_payment_and_cancelled_order_are_trouble_and_a_shipped_one_is_none() -> None:
    assert told(
        done(1, "mon", "10:00", "order", number="1042", state="paid"),
        done(2, "mon", "11:00", "payment", order="1043", state="payment_failed"),
        done(3, "mon", "12:00", "order", number="1042", state="shipped"),
        done(4, "tue", "12:00", "order", number="1044", state="Cancelled"),
        done(5, "tue", "13:00", "payment", order="1045", state="failed"),
        done(6, "tue", "14:00", "payment", order="1045", state="captured"),
    ) == [
        (4, {"kind": "order", "number": "1044", "state": "Cancelled"}),
        (2, {"kind": "payment", "number": "1043", "state": "payment_failed"}),
    ]


def test_payment_that_failed_last_is_trouble() -> None:
    assert told(
        done(1, "mon", "10:00", "order", number="7", state="created"),
        done(2, "mon", "11:00", "payment", order="7", state="declined"),
    ) == [(2, {"kind": "payment", "number": "7", "state": "declined"})]


def test_order_that_stands_still_past_its_day_is_late() -> None:
    late = done(1, "mon", "10:00", "order", number="9", state="packed", deliver_by="2026-11-19")
    assert told(late) == [(1, {"kind": "order", "number": "9", "state": "packed", "due": date(2026, 11, 19)})]
    assert told(late, done(2, "fri", "10:00", "order", number="9", state="delivered", deliver_by="2026-11-19")) == []
    assert told(done(3, "mon", "10:00", "order", number="9", state="packed", deliver_by="2026-11-23")) == []


def test_odd_order_is_no_trouble() -> None:
    assert told(done(1, "mon", "10:00", "order", number=[1], state={"a": 1}, deliver_by=5)) == []


@pytest.mark.parametrize(
    ("text", "is_shouted"),
    [
        ("WHERE IS MY ORDER", True),
        ("WO IST MEIN PAKET?", True),
        ("ГДЕ МОЙ ЗАКАЗ", True),
        ("Where is my ORDER", False),
        ("OK THX", False),
        ("ORDERNUMBER12345", False),
        ("我的订单在哪里", False),
        ("أين طلبي الان يا", False),
    ],
)
def test_capitals_are_two_words_and_nothing_else(text: str, is_shouted: bool) -> None:
    assert is_capitals(text) is is_shouted


def test_mood_is_counted_and_leads_to_the_newest_sign() -> None:
    conversation = [
        *talk("mon 10:00 email in WHERE IS MY ORDER", "mon 11:00 sms in Hello???", "tue 09:00 sms in This is a Scam!"),
        done(4, "tue", "10:00", "survey", score=2, of=5),
        *[said(5, "wed 10:00 sms in Thank you")],
    ]
    (line,) = mood(conversation)
    assert line.entry == 4
    assert line.facts == {
        "capitals": 1,
        "marks": 1,
        "words": ("scam",),
        "scores": ({"score": 2.0, "of": 5.0},),
    }


def test_good_score_and_our_own_words_are_no_mood() -> None:
    assert (
        mood([done(1, "mon", "10:00", "survey", score=4, of=5), *talk("mon 10:00 email out A SCAM IS GOING ROUND")])
        == []
    )
    assert mood([done(1, "mon", "10:00", "survey", score="odd", of=None), done(2, "mon", "10:00", "survey")]) == []


def test_failed_message_is_told_until_something_goes_out() -> None:
    lost = said(1, "mon 10:00 sms out We sent it.", delivery="failed", detail={"errors": [{"code": 30003}]})
    (line,) = failed([lost])
    assert (line.entry, line.facts["count"], line.facts["channel"]) == (1, 1, "sms")
    assert failed([lost, *talk("tue 10:00 email out We sent it.")]) == []
    assert failed([said(1, "mon 10:00 sms out x", delivery="failed", detail={"replaced_by": 2})]) == []


def test_switch_is_told_when_it_is_news() -> None:
    conversation = talk("mon 10:00 chat in Hello", "mon 10:04 whatsapp in Me again", "mon 10:05 whatsapp in Here?")
    (line,) = switches(conversation, conversation[1:])
    assert (line.entry, line.facts) == (
        2,
        {"from": "chat", "to": "whatsapp", "after": timedelta(minutes=4), "count": 1},
    )
    assert switches(conversation, conversation[2:]) == []


def test_colleagues_are_others_than_the_reader_and_no_machines() -> None:
    entries = [
        done(1, "mon", "10:00", "work", type="assigned", by="Ben", actor=2, to=2, to_name="Ben"),
        done(2, "mon", "10:01", "note", by="Ana", actor=1),
        said(3, "mon 10:02 sms out On its way", detail={"by": {"id": 2, "name": "Ben"}}),
        said(4, "mon 10:03 sms out We have your message", is_automatic=True),
    ]
    (line,) = colleagues(entries, reader=1)
    assert line.entry == 3
    assert {name: line.facts[name] for name in ("answers", "notes", "work", "names")} == {
        "answers": 1,
        "notes": 0,
        "work": 1,
        "names": ("Ben",),
    }
    assert colleagues(entries[1:2], reader=1) == []


def test_files_are_counted_and_named() -> None:
    sent = {
        "attachments": [
            {"type": "image", "name": "box.jpg"},
            {"type": "document"},
            {"name": "logo.png", "inline": True},
            "odd",
        ]
    }
    (line,) = files([said(1, "mon 10:00 email in See here", detail=sent)])
    assert (line.entry, line.facts) == (1, {"count": 2, "names": ("box.jpg",), "type": "image"})
    assert files([said(1, "mon 10:00 email in See", detail={"attachments": {"odd": 1}})]) == []


def test_brief_has_seven_lines_one_of_each_kind_before_a_second() -> None:
    asked = talk(
        *(f"mon 09:{minute:02} email in Does size {minute} fit item {minute * 7}?" for minute in range(10, 15))
    )
    conversation = [
        *asked,
        said(
            20, "tue 09:00 sms in DOES SIZE 11 FIT ITEM 77??? OUTRAGEOUS", detail={"attachments": [{"name": "a.pdf"}]}
        ),
        done(21, "tue", "10:00", "order", number="5", state="refunded"),
        done(22, "tue", "11:00", "note", by="Ben", actor=2),
    ]
    lines = findings(conversation, Visit(now=NOW, zone=UTC, reader=1))
    assert [(line.rule, line.entry) for line in lines] == [
        (Rule.QUESTION, 1),
        (Rule.REPEAT, 20),
        (Rule.ORDER, 21),
        (Rule.MOOD, 20),
        (Rule.SWITCH, 20),
        (Rule.COLLEAGUES, 22),
        (Rule.FILES, 20),
    ]


def test_what_happened_before_the_visit_is_no_news_but_what_is_open_stays() -> None:
    conversation = talk("mon 09:00 email in Where is my order 1042?", "mon 09:05 sms in IT IS LATE AGAIN")
    visit = Visit(now=NOW, zone=UTC, since=at("mon", "10:00"))
    assert [line.rule for line in findings(conversation, visit)] == [Rule.QUESTION]
    assert findings([], visit) == []
