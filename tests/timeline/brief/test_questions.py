"""Which messages ask something, which of them wait, and which ask for the same."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.timeline.brief.telling import said, talk
from timeline.brief.questions import are_alike, open_questions, question_in, questions, repeats

ASKS = [
    ("Hi, how are you? Where is my order 1042? Thanks!", "Where is my order 1042?"),
    ("where is my parcel", "where is my parcel"),
    ("Hello, can you send me the invoice again", "Hello, can you send me the invoice again"),
    ("Wo bleibt mein Paket", "Wo bleibt mein Paket"),
    ("Guten Tag. Können Sie mir die Rechnung schicken", "Können Sie mir die Rechnung schicken"),
    ("¿Cuándo llega mi pedido", "¿Cuándo llega mi pedido"),
    ("Donde está mi paquete", "Donde está mi paquete"),
    ("Onde está o meu pedido", "Onde está o meu pedido"),
    ("Oi, quando chega o meu pedido", "Oi, quando chega o meu pedido"),
    ("Bonjour, où est ma commande", "Bonjour, où est ma commande"),
    ("Pouvez-vous m’envoyer la facture", "Pouvez-vous m’envoyer la facture"),
    ("Dov’è il mio pacco", "Dov’è il mio pacco"),
    ("Waar blijft mijn pakket", "Waar blijft mijn pakket"),
    ("我的订单在哪里？", "我的订单在哪里？"),
    ("注文はいつ届きますか？ よろしく", "注文はいつ届きますか？"),
    ("أين طلبي؟", "أين طلبي؟"),
    ("Где мой заказ 1042?", "Где мой заказ 1042?"),
    ("Please change the delivery address of my last order.", "Please change the delivery address of my last order."),
    ("Hallo. Schicken Sie mir bitte die Rechnung.", "Schicken Sie mir bitte die Rechnung."),
    ("Mándeme por favor la factura", "Mándeme por favor la factura"),
]
TELLS = [
    "",
    "Thanks!",
    "???",
    "Hello???",
    "Yes please!",
    "Ja, bitte.",
    "When I got home the box was empty.",
    "Look: https://shop.example/search?q=shoes",
    "Hay un problema con mi pedido.",
    "Als ich nach Hause kam, war das Paket leer.",
    "perché non funziona lo rimando",
    "😀😀",
]


@pytest.mark.parametrize(("text", "asked"), ASKS)
def test_question_is_found_in_any_language(text: str, asked: str) -> None:
    assert question_in(text) == asked


@pytest.mark.parametrize("text", TELLS)
def test_what_tells_a_story_asks_nothing(text: str) -> None:
    assert question_in(text) == ""


def test_questions_since_the_last_answer_wait_oldest_first() -> None:
    conversation = talk(
        "mon 09:00 email in Do you ship to Norway?",
        "mon 10:00 email out Yes, we do.",
        "tue 09:00 email in How long does it take?",
        "tue 09:30 chat in Thanks for the quick answer.",
        "wed 08:00 whatsapp in And what does shipping cost?",
    )
    found = [(line.entry, line.quote, line.facts["channel"]) for line in questions(open_questions(conversation))]
    assert found == [
        (3, "How long does it take?", "email"),
        (5, "And what does shipping cost?", "whatsapp"),
    ]


def test_failed_answer_and_machine_answer_nothing() -> None:
    conversation = [
        *talk("mon 09:00 sms in Is the shop open on Sunday?"),
        said(2, "mon 09:01 sms out We have your message.", is_automatic=True),
        said(3, "mon 09:30 sms out Yes, from ten.", delivery="failed"),
    ]
    assert [line.entry for line in questions(open_questions(conversation))] == [1]


def test_same_question_on_another_channel_is_told_once_and_called_a_repeat() -> None:
    conversation = talk(
        "mon 09:00 email in Hello, where is my order 1042?",
        "tue 09:00 whatsapp in WHERE IS MY ORDER 1042??",
        "tue 09:05 whatsapp in Can I still change the address?",
    )
    assert [line.entry for line in questions(open_questions(conversation))] == [1, 3]
    (repeat,) = repeats(conversation, open_questions(conversation))
    assert (repeat.entry, repeat.quote) == (2, "")
    assert repeat.facts == {"channel": "whatsapp", "is_again": True}


def test_question_that_was_answered_and_comes_again_elsewhere_is_a_repeat() -> None:
    conversation = talk(
        "mon 09:00 email in Wann kommt mein Paket an?",
        "mon 12:00 email out Am Mittwoch.",
        "thu 09:00 sms in Wann kommt mein Paket denn an?",
    )
    (repeat,) = repeats(conversation, open_questions(conversation))
    assert (repeat.entry, repeat.quote) == (1, "Wann kommt mein Paket an?")
    assert repeat.facts == {"channel": "email", "is_again": False}


def test_same_channel_and_long_ago_are_no_repeats() -> None:
    again = talk("mon 09:00 email in Where is my order 1042?", "tue 09:00 email in Where is my order 1042?")
    assert repeats(again, open_questions(again)) == []
    first, last = talk("mon 09:00 email in Where is my order 1042?", "tue 09:00 sms in Where is my order 1042?")
    assert [line.entry for line in repeats([first, last], open_questions([first, last]))] == [2]
    long_ago = [replace(first, at=first.at - timedelta(days=14)), last]
    assert repeats(long_ago, open_questions(long_ago)) == []


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        ("Where is my order 1042?", "where's order 1042", True),
        ("Where is my order 1042?", "Where is my order 1043?", False),
        ("¿Dónde está mi pedido?", "donde esta el pedido", True),
        ("我的订单在哪里？", "请问我的订单在哪里？", True),
        ("How much is it?", "How long is it?", False),
        ("Any news?", "any news??", True),
    ],
)
def test_questions_are_alike_by_their_telling_words(one: str, other: str, is_alike: bool) -> None:
    assert are_alike(one, other) is is_alike
