"""What of a mail is folded on the page: never the customer's own words, and in doubt nothing."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_ingest.adapters.mail.html_text import text_of
from channels_ingest.adapters.mail.reading import read_mail
from timeline.showing.mails import folded_mail, mail_of
from timeline.showing.quoting import Folded, fold

PAYLOADS = Path(__file__).parents[1] / "channels_ingest" / "payloads"

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
    f"Hello\n\nOn Apr 3, 2012, at 4:19 PM, bob wrote:\n{QUOTE}\n\nSent from my iPhone",
    f"Hello\n\nOn Apr 3, 2012, at 4:19 PM, bob wrote:\n{QUOTE}\n\n-- \nMira",
    "Hello\n\n----- Original Message -----\nFrom: Bob\nHi",
    "Hello\n\n-----Ursprüngliche Nachricht-----\nVon: Bob\nHi",
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


#: As programs write them in other languages, and with what they put before a line: (text, mails that are repeated).
PROGRAMS = [
    ("Hello\n\nAm Di., 3. Apr. 2012 um 16:19\xa0Uhr schrieb Bob <b@x.example>:\n\n> Hi", 1),  # Gmail
    ("Hello\n\nAm 03.04.2012 um 16:19 schrieb Bob:\n> Hi", 1),  # Thunderbird
    ("Hello\n\nOn Mon, Apr 2, 2012 at 6:26 PM, Megan One\n<xxx1@gmail.example> wrote:\n\n> Hi", 1),
    ("Hello\n\nOn Mon, Apr 2, 2012 at\n6:26 PM Megan One <xxx1@gmail.example> wrote:\n\n> Hi", 1),
    ("Hello\n\nLe 03/04/2012 à 16:19, Bob a écrit\xa0:\n> Hi", 1),
    ("Hello\n\nOp di 3 apr. 2012 om 16:19 schreef Bob <b@x.example>:\n\n> Hi", 1),
    ("Hello\n\nIl giorno mar 3 apr 2012 alle ore 16:19 Bob <b@x.example> ha scritto:\n\n> Hi", 1),
    ("Hello\n\nW dniu 3.04.2012 o\xa016:19, Bob pisze:\n> Hi", 1),
    (
        "Hello\n\n\u200fב-יום ג׳, 3 באפר׳ 2012 ב-16:19 מאת \u202abob\u202c\u200f <\u202ab@x.example"
        "\u202c\u200f>:\n\n> Hi",
        1,
    ),
    ("Hello\n\nבתאריך 3.4.2012 16:19, bob כתב:\n> Hi", 1),
    (
        "Hello\n\n\u200fמאת:\u200f Bob <b@x.example>\n\u200fנשלח:\u200f יום ג 3 אפריל 2012 16:19\n"
        "\u200fנושא:\u200f Test\n\nHi",
        1,
    ),
    ("Hello\n\nمن: Bob <b@x.example>\nتاريخ: 3 أبريل 2012\nإلى: me\nالموضوع: Test\n\nHi", 1),
    ("Hello\n\nGesendet: Dienstag, 03. April 2012 um 16:19 Uhr\nVon: Bob <b@x.example>\nAn: ich\nBetreff: Test\nHi", 1),
    (
        "Hello\n\nVon: Bob\nGesendet: Dienstag, 3. April 2012 16:19\nAn: Mira\nBetreff: Test\n\nHi",
        1,
    ),  # inside one company
    ("Hello\n\n> On 3 Apr 2012, at 16:19, bob <b@x.example> wrote:\n> \n> \ufeffHi", 1),  # iPhone quotes its own line
    ("Hello\n\n> Am 03.04.2012 um 16:19 schrieb bob <b@x.example>:\n> \n> Hi", 1),
    ("Hello\n\n> Subject: Test\n> From: bob@x.example\n> Date: Mon, 2 Apr 2012 17:44:22 +0400\n> Hi", 1),  # Hotmail
    ("Hello\n\n-----Ursprüngliche Nachricht-----\nVon: Bob\nGesendet: gestern\n\n> Hi\n> there", 1),
    (
        "Hello\n\nOn Apr 3, 2012, at 4:19 PM, bob <b@x.example> wrote:\n\n> Hi\n>\n> On Apr 2, 2012, at 1:00 PM, mira"
        " <m@x.example> wrote:\n>> One\n>>\n>> On Apr 1, 2012, at 1:00 PM, bob <b@x.example> wrote:\n>>> Two",
        3,
    ),
    (
        "Hello\n\nFrom: Bob <b@x.example>\nSent: Monday, 2 April 2012 17:44\nTo: me\nSubject: Test\n\nHi\n\n"
        "From: Mira <m@x.example>\nSent: Monday, 2 April 2012 16:00\nTo: Bob\nSubject: Test\n\nBroken",
        2,
    ),
]

#: What a customer wrote anew must be seen, wherever it stands.
OWN_WORDS = [
    # answers between and below the quotes
    "Hello,\n\nOn Apr 3, 2012, at 4:19 PM, bob wrote:\n> Which colour?\nGreen.\n> Which size?\nLarge.",
    "On Apr 3, 2012, at 4:19 PM, bob wrote:\n\n\n\n\n\n\n> Which colour?\n\nGreen.",
    "Hi\nOn Apr 3, 2012,\nat 4:19 PM,\nBob of\nNordlicht <b@x.example> wrote:\n\n\n> Which?\nGreen.",
    "Hi\n\n-----Original Message-----\nFrom: Bob\nSent: Monday\nTo: Mira\nCc: Ana\nSubject: Test\n\n> Which?\nGreen.",
    "Hi\n\n-----Original Message-----\n> From: Bob\n> Which colour?\n\nGreen.",
    "Hi, my answers are in red.\n\nFrom: Bob <b@x.example>\nSent: Monday\nTo: me\nSubject: Test\n\nWhich? Green.",
    "Hallo, Antworten siehe unten.\n\nVon: Bob <b@x.example>\nAn: ich\nBetreff: Test\n\nFarbe? Grün.",
    "שלום, עניתי למטה.\n\nמאת: Bob <b@x.example>\nנושא: Test\n\nWhich? Green.",
    "Hello\n> one\n--\nYes.\n> two\nNo.",
    # lists and arrows of one's own
    "Hello, I need:\n> a tent\n> two bags",
    "Hello,\nyou told me on 3 May 2024 at 10:00:\n> we refund everything",
    "Guten Tag,\nam 3.4.2024 um 10:15 schrieb mir Ihr Kollege Bob:\n> Wir erstatten alles",
    "Hello,\nOn 3 May 2024 at 10:00 you wrote:\n> we refund everything",
    # fields of one's own
    "Hi,\nOrder: 4711\nProblem: the pole broke\nFrom: Berlin\nTo: Paris\nSubject: Repair",
    "Hello\nFrom: Mira Lind\nSubject: Broken tent\nMessage: my tent broke",
    # rules and dashes of one's own
    "Hello\n== Original price ==\n20 EUR, and I paid 30",
    "Hello\n--- the original ---\nis broken",
    "Hello\n--\nAnd please send me the invoice for the tent as well.",
    "Hello\n-- \nMira\n\nPS: please call me",
    "Hello\n-- \nMira\nP.S. send the tent to Oslo",
    "Hello\n-- \nMira\nCan you do that today?",
    "Items\n--\ntent\n--\n> bag",
    "Hello\n-- \n" + "line\n" * 13,
    # what a telephone would not write
    "Where is my parcel?\nSent from Berlin to Paris on Monday",
    "Sent it back!\nSent from my phone, please call me back",
    "Hallo\nGesendet mit DHL am Montag",
    f"Hello\n\nOn Apr 3, 2012, at 4:19 PM, bob wrote:\n{QUOTE}\n\nSent with DHL yesterday",
    # what is handed on is news
    "Look at this\n\n---------- Forwarded message ---------\nFrom: Bob <b@x.example>\nSubject: Test\n\nYour refund",
    "Siehe Anhang\n\n-------- Weitergeleitete Nachricht --------\nBetreff: x\nVon: Bob <b@x.example>\nHi",
    "Look\n\nBegin forwarded message:\n\nFrom: Bob <b@x.example>\nSubject: Test\nDate: 3 April 2012 16:19\n\nHi",
]


@pytest.mark.parametrize(("text", "earlier"), PROGRAMS)
def test_what_programs_repeat_is_folded_and_counted(text: str, earlier: int) -> None:
    folded = fold(text)
    assert (folded.shown.strip(), folded.earlier) == ("Hello", earlier)
    assert folded.shown + folded.folded == text


@pytest.mark.parametrize("text", OWN_WORDS)
def test_what_the_writer_says_anew_is_never_folded(text: str) -> None:
    assert fold(text).shown == text


@pytest.mark.parametrize("text", [f"Hello\n\n{QUOTE}", f"Hello\n\n{QUOTE}\n\n-- \nMira"])
def test_quote_that_nothing_introduces_is_folded_in_an_answer_alone(text: str) -> None:
    assert fold(text).shown == text
    assert fold(text, is_answer=True).shown == "Hello\n"


def test_own_indentation_in_html_is_no_quote() -> None:
    own = (
        '<div>Hello</div><blockquote style="margin: 0 0 0 40px; border: none; padding: 0px"><p>a tent</p></blockquote>'
    )
    assert text_of(own) == "Hello\n\na tent"
    assert text_of("<p>Hello</p><blockquote type=cite>a tent</blockquote>") == "Hello\n\n> a tent"


def test_signature_alone_repeats_no_mail() -> None:
    assert fold("Hello\n-- \nMira Lind") == Folded("Hello", "\n-- \nMira Lind", earlier=0)


@pytest.mark.parametrize("subject", ["Fwd: Order", "WG: Bestellung", "TR : Commande", "FW:Order"])
def test_mail_that_hands_another_on_is_shown_whole(subject: str) -> None:
    text = "Look\n\nFrom: Bob <b@x.example>\nSent: Monday\nSubject: Order\n\nYour refund is on its way"
    assert folded_mail({"subject": subject}, text).shown == text
    assert folded_mail({"subject": f"Re: {subject}"}, text).shown == "Look\n"


#: The files of real programs, as they stand on the page: (what is said, mails that are repeated).
REPLIES = {
    "mime-reply-apple-mail.eml": ("Hello", 1),
    "mime-reply-gmail.eml": ("Hello", 1),
    "mime-reply-hotmail.eml": ("Hello", 1),
    "mime-reply-iphone.eml": ("Hello", 1),
    "mime-reply-thunderbird.eml": ("On 04/02/2012 06:26 PM, Megan One wrote:\n> Hi\nHello", 0),  # answered below
    "mime-reply-yahoo.eml": ("Hello", 1),
    "html-reply-gmail.html": ("Hi. I am fine.\n\nThanks,\nAlex", 1),
    "html-reply-hotmail.html": ("Hi. I am fine.\n\nThanks,\nAlex", 1),
    "html-reply-ms-outlook-2010.html": ("Hi. I am fine.\n\nThanks,\n\nAlex", 1),
    "html-reply-thunderbird.html": ("Hi. I am fine.\n\nThanks,\nAlex", 1),
    "html-reply-yandex-ru.html": ("Hi. I am fine.\n\nThanks,\nAlex", 1),
}


@pytest.mark.parametrize("name", REPLIES)
def test_answers_of_real_programs_say_what_is_new(name: str) -> None:
    content = (PAYLOADS / name).read_bytes()
    text = text_of(content.decode()) if name.endswith(".html") else read_mail(content).text
    view = mail_of({"type": "mail"}, text)
    assert view is not None
    assert (view.text, view.earlier) == REPLIES[name]


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


INTRO = "On Apr 3, 2012, at 4:19 PM, bob <b@x.example> wrote:"


@given(
    st.lists(
        st.sampled_from(["> old", ">", "", INTRO, f"> {INTRO}", ">> older", "Sent from my iPhone"]) | st.just("mine")
    ),
    st.booleans(),
)
def test_writers_line_is_seen_wherever_it_stands_among_quotes(lines: list[str], is_answer: bool) -> None:
    folded = fold("\n".join(lines), is_answer=is_answer)
    assert "mine" not in folded.folded
    assert folded.earlier == 0 or ">" in folded.folded
