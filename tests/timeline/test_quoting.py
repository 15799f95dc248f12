"""What of a mail is folded on the page: never the customer's own words, and in doubt nothing."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.showing.quoting import fold

QUOTE = "> Hi\n> there"
FOLDED = [
    f"Hello\n\nOn Apr 3, 2012, at 4:19 PM, bob wrote:\n\n{QUOTE}",
    f"Hello\n\nOn Mon, Apr 2, 2012 at 6:26 PM, Megan One\n<xxx@gmail.example> wrote:\n\n{QUOTE}",
    f"Hello\n\nAm 3. April 2012 um 16:19 schrieb bob <b@x.example>:\n{QUOTE}",
    f"Hello\n\nLe mar. 3 avr. 2012 à 16:19, bob <b@x.example> a écrit :\n{QUOTE}",
    f"Hello\n\nEl lun, 2 abr 2012 a las 18:26, Megan (<x@y.example>) escribió:\n\n{QUOTE}",
    f"Hello\n\n2012年4月3日(火) 16:19 bob <b@x.example>：\n\n{QUOTE}",
    f'Hello\n\n03.04.2012, 16:19, "Bob" <b@x.example>:\n\n{QUOTE}',
    f"Hello\n\nב-3 באפריל 2012 בשעה 16:19, \u200fbob <b@x.example> כתב/ה:\n{QUOTE}",
    f"Hello\n\n{QUOTE}",
    f"Hello\n\n{QUOTE}\n\nSent from my iPhone",
    f"Hello\n\n{QUOTE}\n\n-- \nMira",
    "Hello\n\n----- Original Message -----\nFrom: Bob\nHi",
    "Hello\n\n-----Ursprüngliche Nachricht-----\nVon: Bob\nHi",
    "Hello\n\n-------- Forwarded Message --------\nSubject: x\nHi",
    "Hello\n\nFrom: Bob <b@x.example>\nSent: Monday\nTo: me\nSubject: Test\n\nHi",
    "Hello\n\n________________________________\nVon: Bob <b@x.example>\nGesendet: Montag\nAn: me\nBetreff: Test\n\nHi",
    "Hello\n\nDate: Thu, 26 Jun 2014\nSubject: Test\nFrom: abc@x.example\nTo: me\n\nHi",
    "Hello\n-- \nMira Lind\nNordlicht",
    "Hello\n\nSent from my iPhone",
    "Hello\n\nVon meinem iPhone gesendet",
]
WHOLE = [
    "Hello",
    "",
    "Sent from my iPhone",
    "-- \nMira",
    f"On Apr 3, 2012 bob wrote:\n{QUOTE}\nHello",  # answered below
    "> one?\nyes\n> two?\nno",
    f"{QUOTE}",
    "From: Berlin\nTo: Paris\nDate: 3 May\nplease book",
    "Flight details below.\nFrom: Berlin\nTo: Paris\nDate: 3 May",
    "Prices:\n- tent 20\n- bag 30",
    "a -- b\n--- c",
    "> quoted\n\nand my answer to it",
    "I > you\n5 > 3",
]


@pytest.mark.parametrize("text", FOLDED)
def test_repeated_part_is_folded(text: str) -> None:
    folded = fold(text)
    assert folded.shown.strip() == "Hello"
    assert folded.shown + folded.folded == text


@pytest.mark.parametrize("text", WHOLE)
def test_in_doubt_everything_is_shown(text: str) -> None:
    assert fold(text).shown == text


@pytest.mark.parametrize(
    "text",
    [
        "On " * 20_000,
        "On On\n" * 2_000 + "> x",
        "From:\n" * 2_900,
        "-" * 60_000,
        ">" * 60_000,
        "a 1:00 :\n> x\n" * 1_400,
        ": " * 100_000 + "\n> x",
        "1@" * 100_000 + ":\n> x",
        "\n" * 300_000,
    ],
)
def test_hostile_text_costs_nothing(text: str) -> None:
    started = time.process_time()
    fold(text)
    assert time.process_time() - started < 0.3


@given(st.text(alphabet="> :\nOnFrom-_@1aé", max_size=200))
def test_nothing_is_ever_lost(text: str) -> None:
    folded = fold(text)
    assert folded.shown + folded.folded == text
    assert folded.shown.strip() or not text.strip() or not folded.folded
