"""Exact keywords in many languages and spellings, and the sentences that only raise a flag."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_ingest.opt_out import (
    HELP_WORDS,
    PROBABLE,
    START_WORDS,
    STOP_WORDS,
    SUBSCRIBE_WORDS,
    TEXT_MESSAGE_STOP_WORDS,
    YES_WORDS,
    Heard,
    Keyword,
    folded,
    heard,
)

STOP, START, HELP = Heard(Keyword.STOP), Heard(Keyword.START), Heard(Keyword.HELP)
SUBSCRIBES = Heard(Keyword.START, is_subscribing=True)
YES, PROBABLY, NOTHING = Heard(Keyword.START, is_bare_yes=True), Heard(is_probable=True), Heard()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "STOP",
            "stop",
            " Stop. ",
            '"STOP"',
            "“Stop”",
            "STOP!!!",
            "stop 🛑",
            "ＳＴＯＰ",
            "S\u200bTOP",
            "Stop\n",
            "'stop'",
            "STOP" + " " * 700,
            "\n" * 300 + "\u200b \u200f" * 200 + "stop",
            "\u202b\u200fSTOP.\u200f\u202c",
            "ＳＴＯＰ．",
            "𝐒𝐓𝐎𝐏",
            "S T O P",
            "s.t.o.p.",
            "st\u00adop",
            "*STOP*",
            "🛑 STOP 🛑",
            "「停止」。",
            "arre\u0302t",
        ),
        *("STOPALL", "Stop all", "STOP-ALL", "UNSUBSCRIBE", "QUIT", "REVOKE", "OPTOUT", "opt-out", "Opt out", "REMOVE"),
        *(
            "ARRET",
            "ARRÊT",
            "arrêt.",
            "BAJA",
            "PARAR",
            "ALTO",
            "Sair",
            "STOPP",
            "Abmelden",
            "RET",
            "СТОП",
            "退订",
            "停止",
        ),
        *("توقف", "إيقاف", "הסר", "रोकें", "수신거부"),
    ],
)
def test_stop_is_heard_on_every_channel(text: str) -> None:
    assert heard(text, is_text_message=True) == STOP
    assert heard(text, is_text_message=False) == STOP


@pytest.mark.parametrize("text", ["CANCEL", "end", "Cancelar.", "Ende", "İPTAL"])
def test_words_of_the_carriers_count_on_text_messages_only(text: str) -> None:
    assert heard(text, is_text_message=True) == STOP
    assert heard(text, is_text_message=False) == NOTHING


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("START", START),
        ("unstop", START),
        ("Alta", SUBSCRIBES),
        ("OPT-IN", SUBSCRIBES),
        ("remove me", PROBABLY),
        ("Aufhören!", PROBABLY),
        ("Lassen Sie mich in Ruhe", PROBABLY),
        ("הסירו אותי מהרשימה", PROBABLY),
        ("לא קיבלתי את החבילה", NOTHING),
        ("لا ترسلوا لي رسائل", PROBABLY),
        ("stop by tomorrow", NOTHING),
        ("nonstop flights", NOTHING),
        ("Please don't stop", NOTHING),
        ("a b c d", NOTHING),
        ("HELP", HELP),
        ("info?", HELP),
        ("¡Ayuda!", HELP),
        ("Yes", YES),
        ("Sí", YES),
        ("да", YES),
        ("", NOTHING),
        ("   ", NOTHING),
        ("🛑", NOTHING),
        ("yes please", NOTHING),
        ("I will stop by tomorrow", NOTHING),
        ("Which bus stop is near the shop?", NOTHING),
        ("The parcel is at the end of the road", NOTHING),
        ("please help me", NOTHING),
        ("Please stop texting me", PROBABLY),
        ("Stop. Thank you", PROBABLY),
        ("stop please", PROBABLY),
        ("don't contact me again", PROBABLY),
        ("Take me off your list!!", PROBABLY),
        ("I want to unsubscribe from this", PROBABLY),
        ("Bitte keine Werbung mehr schicken", PROBABLY),
        ("Arrêtez de m'envoyer des messages", PROBABLY),
        ("quiero darme de baja", PROBABLY),
        ("Не пишите мне больше", PROBABLY),
        ("stop " + "x" * 400, NOTHING),
    ],
)
def test_words_and_sentences(text: str, said: Heard) -> None:
    assert heard(text, is_text_message=True) == said


def test_no_word_means_two_things() -> None:
    kinds = [
        {folded(word) for words in table.values() for word in words} for table in (STOP_WORDS, START_WORDS, HELP_WORDS)
    ]
    kinds += [{folded(word) for words in SUBSCRIBE_WORDS.values() for word in words}]
    kinds += [{folded(word) for word in YES_WORDS}, {folded(word) for word in TEXT_MESSAGE_STOP_WORDS}]
    listed = [word for kind in kinds for word in kind]
    assert sorted(listed) == sorted(set(listed))


@given(st.text(max_size=700), st.booleans())
def test_any_text_is_heard_without_a_fault(text: str, is_text_message: bool) -> None:
    said = heard(text, is_text_message=is_text_message)
    assert not (said.is_probable and said.keyword)


@pytest.mark.parametrize("pattern", [pattern for _, pattern in PROBABLE])
def test_patterns_are_fast_on_hostile_text(pattern: re.Pattern[str]) -> None:
    for piece in ("stop ", "no ", "non ", "a", "don't don", "keine ", "stop,,,,", "stop!w "):
        started = time.process_time()
        pattern.search((piece * 300)[:300])
        assert time.process_time() - started < 0.1


@pytest.mark.parametrize(
    "text",
    [
        "please stop emailing me",
        "no more e-mails please",
        "remove me from your list",
        "I have opted out",
        "leave me alone",
        "Hören Sie auf",
        "ich möchte mich abmelden",
        "ne plus recevoir de SMS",
        "je veux me désabonner",
        "no quiero que me envíen nada",
        "pare de mandar mensagens",
        "non voglio più messaggi",
        "cancellami",
        "geen berichten meer",
        "ik wil me uitschrijven",
        "не присылайте мне ничего",
        "хочу отписаться",
    ],
)
def test_each_sentence_is_looked_at_by_a_human(text: str) -> None:
    assert heard(text, is_text_message=True) == PROBABLY


def test_no_text_takes_long_to_hear() -> None:
    started = time.process_time()
    for dots, letters in ((1, 280), (140, 140), (250, 20)):
        assert heard(f"stop {'.' * dots}{'a' * letters} b c d e", is_text_message=True) == Heard()
    assert time.process_time() - started < 1
