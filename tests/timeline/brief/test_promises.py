"""Days that we named, in sentences and as promises written down."""

from datetime import UTC, date, datetime

import pytest

from tests.timeline.brief.telling import at, done, talk
from timeline.brief.days import day_named
from timeline.brief.promises import is_promise, promises

#: A Wednesday.
SAID = date(2026, 11, 18)

DAYS = [
    ("by Friday", date(2026, 11, 20)),
    ("on Monday", date(2026, 11, 23)),
    ("tomorrow", date(2026, 11, 19)),
    ("today", date(2026, 11, 18)),
    ("by Friday, 27 November", date(2026, 11, 27)),
    ("November 27th", date(2026, 11, 27)),
    ("on 5 January", date(2027, 1, 5)),
    ("2026-11-24", date(2026, 11, 24)),
    ("bis Freitag", date(2026, 11, 20)),
    ("am 24.11.", date(2026, 11, 24)),
    ("am 24.11.2026", date(2026, 11, 24)),
    ("morgen", date(2026, 11, 19)),
    ("el viernes", date(2026, 11, 20)),
    ("mañana", date(2026, 11, 19)),
    ("el 24 de noviembre", date(2026, 11, 24)),
    ("na sexta-feira", date(2026, 11, 20)),
    ("amanhã", date(2026, 11, 19)),
    ("vendredi", date(2026, 11, 20)),
    ("demain", date(2026, 11, 19)),
    ("lunedì", date(2026, 11, 23)),
    ("vrijdag", date(2026, 11, 20)),
]
NO_DAY = [
    "on Wednesday",  # today or in a week?
    "next Friday",
    "since Friday",
    "every Monday",
    "Monday or Tuesday",
    "on 3/4",  # March or April?
    "31.02.",
    "übermorgen",
    "el viernes por la mañana",  # a morning, which is the same word as tomorrow
    "Guten Morgen",
    "on 5 January 2020",
    "in two weeks",
]


@pytest.mark.parametrize(("sentence", "day"), DAYS)
def test_day_is_resolved_against_the_day_it_was_said(sentence: str, day: date) -> None:
    assert day_named(sentence, SAID) == day


@pytest.mark.parametrize("sentence", NO_DAY)
def test_doubtful_day_is_none(sentence: str) -> None:
    assert day_named(sentence, SAID) is None


PROMISES = [
    "We'll send it by Friday.",
    "You will get your money back by Monday.",
    "It ships no later than Friday.",
    "Wir melden uns bis Freitag.",
    "Ihr Paket kommt am Montag.",
    "Le enviaremos el paquete el viernes.",
    "Su pedido llegará el lunes.",
    "Vai chegar no sábado, vou confirmar amanhã.",
    "Nous vous enverrons le colis vendredi.",
    "Arriva lunedì.",
    "Het pakket komt vrijdag.",
]
NO_PROMISES = [
    "Can you be at home on Friday?",
    "We will not be able to deliver by Friday.",
    "If you answer today we will send it tomorrow.",
    "Please tell us by Friday which size you want, we will wait.",
    "Am Freitag ist leider geschlossen.",
    "Bitte schicken Sie uns das Foto bis Freitag.",
    "El viernes no abrimos.",
    "Your order was placed on Monday.",
]


@pytest.mark.parametrize("sentence", PROMISES)
def test_promise_is_a_sentence_about_what_will_be(sentence: str) -> None:
    assert is_promise(sentence)


@pytest.mark.parametrize("sentence", NO_PROMISES)
def test_question_refusal_request_and_condition_promise_nothing(sentence: str) -> None:
    assert not is_promise(sentence)


def test_promise_to_come_and_missed_one_are_told_with_their_sentence() -> None:
    conversation = talk(
        "mon 10:00 email out Thank you. We will send the new zip by Tuesday. Have a nice day!",
        "mon 11:00 sms out We'll call you on Sunday.",
        "wed 09:00 email in We will wait until Friday.",
    )
    now = at("wed", "12:00")
    found = [(line.entry, line.facts["day"], line.quote) for line in promises(conversation, now=now, zone=UTC)]
    assert found == [
        (1, date(2026, 11, 17), "We will send the new zip by Tuesday."),
        (2, date(2026, 11, 22), "We'll call you on Sunday."),
    ]


def test_missed_day_on_which_we_wrote_is_over() -> None:
    conversation = talk("mon 10:00 email out We will send it by Tuesday.", "tue 10:00 email out It is on its way.")
    assert promises(conversation, now=at("wed", "12:00"), zone=UTC) == []


def test_promise_written_down_stands_until_it_is_kept() -> None:
    written = done(1, "mon", "10:00", "work", type="promised", on="2026-11-17", text="call back", by="Ana")
    answered = talk("wed 09:00 email out Sorry for the wait.")[0]
    found = promises([written, answered], now=at("thu", "12:00"), zone=UTC)
    assert [(line.entry, line.facts["day"], line.quote) for line in found] == [(1, date(2026, 11, 17), "call back")]
    kept = done(3, "wed", "10:00", "work", type="kept", entry=1)
    assert promises([written, answered, kept], now=at("thu", "12:00"), zone=UTC) == []


def test_odd_promise_costs_nothing() -> None:
    odd = [
        done(n, "mon", "10:00", "work", type="promised", on=on, text=[]) for n, on in enumerate((None, 5, "soon", {}))
    ]
    assert promises(odd, now=datetime(2026, 11, 17, tzinfo=UTC), zone=UTC) == []
