"""What a mail says: charsets, which parts are its text, its files, and mails made to break a reader."""

import base64
import resource
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels_ingest.adapters.mail.charset import to_text
from channels_ingest.adapters.mail.files import safe_name
from channels_ingest.adapters.mail.headers import addresses_of, decode_words, ids_of
from channels_ingest.adapters.mail.html_text import text_of
from channels_ingest.adapters.mail.reading import read_mail

MIXED = b"Content-Type: multipart/mixed; boundary=B\r\n\r\n"


def part(kind: str, body: bytes, *fields: str) -> bytes:
    return "\r\n".join(["--B", f"Content-Type: {kind}", *fields, "", ""]).encode() + body + b"\r\n"


@pytest.mark.parametrize(
    ("raw", "label", "text", "guess"),
    [
        (b"caf\xc3\xa9", "utf-8", "café", ""),
        (b"caf\xe9", "iso-8859-1", "café", ""),
        (b"it\x92s \x805", "iso-8859-1", "it’s €5", ""),
        (b"it\x92s \x805", "us-ascii", "it’s €5", "cp1252"),
        (b"caf\xc3\xa9", "us-ascii", "café", "utf-8"),
        (b"caf\xc3\xa9", "", "café", ""),
        (b"caf\xc3\xa9", "x-unknown-42", "café", "utf-8"),
        (b"\xf9\xec\xe5\xed", "iso-8859-8-i", "שלום", ""),
        ("ก ข".encode("cp874"), "windows-874", "ก ข", ""),
        ("😀".encode(), "utf8mb4", "😀", ""),
        ("ä".encode("cp850"), "cp-850", "ä", ""),
        ("日本".encode("iso2022_jp"), "iso-2022-jp", "日本", ""),
        (b"caf\xe9", "utf-8", "café", "cp1252"),
        (b"a\x00b", "utf-8", "ab", ""),
        (b"abc", "punycode", "abc", "us-ascii"),
        (b"abc", "zip", "abc", "us-ascii"),
        (b"abc", "a" * 500, "abc", "us-ascii"),
        (b"abc", "\x00", "abc", "us-ascii"),
        (b"abc", '"UTF-8"', "abc", ""),
    ],
)
def test_bytes_become_text_and_guesses_are_said(raw: bytes, label: str, text: str, guess: str) -> None:
    assert to_text(raw, label) == (text, guess)


def test_russian_without_a_charset_is_guessed() -> None:
    words = "Здравствуйте! Мой заказ ещё не пришёл, подскажите, пожалуйста, когда его ждать и что мне делать дальше?"
    assert to_text(words.encode("cp1251"))[0] == words


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("=?utf-8?B?Y2Fmw6k=?=", "café"),
        ("=?utf-8?Q?caf=C3=A9?= =?utf-8?Q?_au_lait?=", "café au lait"),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "é"),  # a character cut in two
        ("a =?iso-8859-1?q?=E9?= b", "a é b"),
        ("=?nonsense?q?abc?=", "abc"),
        ("=?utf-8*en?Q?x?=", "x"),
        ("=?utf-8?B?!!!!?=", ""),
        ("=?broken", "=?broken"),
    ],
)
def test_encoded_words_are_decoded(written: str, text: str) -> None:
    assert decode_words(written) == text


def test_addresses_and_ids_are_found_in_odd_fields() -> None:
    fields = [b'"a@trick.example" <mira@x.example>, Support\r\n <help@y.example>;', b"jonas@z.example", b"nobody"]
    assert addresses_of(fields) == ["mira@x.example", "help@y.example", "jonas@z.example"]
    assert ids_of([b"<a@b>\r\n <c@d> junk <a@b>", b"(x) <e f@g> <h@i>"]) == ["a@b", "c@d", "h@i"]


def test_text_part_is_chosen_before_html_and_html_is_kept() -> None:
    raw = (
        b"Content-Type: multipart/alternative; boundary=B\r\n\r\n"
        + part("text/plain; charset=utf-8", "schön".encode())
        + part("text/html; charset=utf-8", b"<p>sch&ouml;n</p>")
        + b"--B--"
    )
    mail = read_mail(raw)
    assert mail.text == "schön"
    assert [(p.role, p.content) for p in mail.parts] == [("html", b"<p>sch&ouml;n</p>")]


def test_empty_text_part_does_not_hide_the_html() -> None:
    alternative = MIXED.replace(b"mixed", b"alternative")
    raw = alternative + part("text/plain", b" \r\n") + part("text/html", b"<p>words</p>") + b"--B--"
    assert read_mail(raw).text == "words"


def test_text_between_pictures_is_all_shown_and_named_text_is_a_file() -> None:
    raw = (
        MIXED
        + part("text/plain", b"before")
        + part("image/png", base64.b64encode(b"\x89PNG"), "Content-Transfer-Encoding: base64", "Content-ID: <p1@x>")
        + part("text/plain", b"after")
        + part("text/plain; name=log.txt", b"a log")
        + part("text/plain", b"listing", "Content-Disposition: attachment")
        + b"--B--"
    )
    mail = read_mail(raw)
    assert mail.text == "before\n\nafter"
    assert [(p.name, p.content, p.content_id) for p in mail.parts] == [
        ("file-1.png", b"\x89PNG", "p1@x"),
        ("log.txt", b"a log", ""),
        ("file-3.txt", b"listing", ""),
    ]


def test_picture_of_the_html_is_inline() -> None:
    related = b"Content-Type: multipart/related; boundary=B\r\n\r\n"
    raw = related + part("text/html", b"<img src='cid:a'>") + part("image/png", b"x", "Content-ID: <a>") + b"--B--"
    assert [(p.role, p.content_id) for p in read_mail(raw).parts] == [("html", ""), ("inline", "a")]


def test_wrapped_lines_of_a_flowed_text_are_whole_again() -> None:
    raw = b"Content-Type: text/plain; format=flowed\r\n\r\nA long \r\nline.\r\n> quoted \r\n> too\r\nNew\r\n-- \r\nMira"
    assert read_mail(raw).text == "A long line.\n> quoted too\nNew\n-- \nMira"


def test_mail_without_its_last_boundary_is_read_and_said_to_be_cut() -> None:
    mail = read_mail(MIXED + part("text/plain", b"hello"))
    assert (mail.text, mail.faults) == ("hello", ("truncated",))


def test_mbox_line_above_and_lines_that_are_no_fields_are_passed_over() -> None:
    mail = read_mail(b"From mira Mon Nov  2 10:00:00 2026\nSubject: x\nrubbish\nFrom: m@x.example\n\nhello\n")
    assert (mail.subject, mail.from_fields, mail.text) == ("x", [b"m@x.example"], "hello")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("", "file-1.pdf"),
        ("..", "file-1.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.pdf", "a.pdf"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("a\r\nb\x00.pdf", "ab.pdf"),
        ("rechnung märz 📄.pdf", "rechnung märz 📄.pdf"),
        ("a" * 300 + ".pdf", "a" * 116 + ".pdf"),
        ("con<>:|?*.txt", "con_.txt"),
        (".htaccess", "htaccess"),
    ],
)
def test_file_names_are_safe(name: str, safe: str) -> None:
    assert safe_name(name, "application/pdf", 1) == safe


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Hi <b>you</b></p><p>there</p>", "Hi you\n\nthere"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<style>p{}</style><script>alert(1)</script><title>t</title>x", "x"),
        ("<div style='display:none'>secret <b>more</b></div>seen", "seen"),
        ("<ul><li>one<li>two</ul>", "- one\n- two"),
        ("me<blockquote>you<blockquote>I</blockquote></blockquote>", "me\n\n> you\n>\n> > I"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1  2"),
        ("a&nbsp;&amp;&#x1F9F5;", "a &🧵"),
        ("<meta charset=iso-8859-1><p>schön</p>", "schön"),
        ("", ""),
        ("<<<>>>", ""),
        ("<div>" * 5_000 + "deep", "deep"),
    ],
)
def test_html_as_text(markup: str, text: str) -> None:
    assert text_of(markup).strip("<> ") == text


BOMBS = {
    "ten thousand parts": MIXED + b"--B\n\nx\n" * 10_000 + b"--B--",
    "nested parts": b"".join(b"Content-Type: multipart/mixed; boundary=B%d\n\n--B%d\n" % (i, i) for i in range(500))
    + b"a\n" * 300_000,
    "nested mails": b"Content-Type: message/rfc822\n\n" * 500,
    "a million fields": b"X: y\n" * 1_000_000,
    "one endless field": b"Subject: " + b"=?utf-8?q?a?= " * 500_000,
    "endless parameters": b"Content-Type: multipart/mixed; " + b'a="' * 200_000 + b"\n\nx",
    "boundary of dashes": b"Content-Type: multipart/mixed; boundary=-\n\n" + b"-" * 5_000_000,
    "deep html": b"Content-Type: text/html\n\n" + b"<div>" * 300_000,
    "wide html": b"Content-Type: text/html\n\n" + b"<p>a" * 300_000,
    "every high byte": b"Content-Type: text/plain\n\n" + bytes(range(128, 256)) * 40_000,
    "broken base64": b"Content-Transfer-Encoding: base64\n\n" + b"A=" * 2_000_000,
    "only line ends": b"\r\n" * 2_000_000,
    "only spaces": b"Subject: a\n" + b" \n" * 1_000_000,
    "recipients": b"To: " + b"a@b.example, " * 400_000,
    "references": b"References: " + b"<a@b> " * 400_000,
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_bomb_is_read_within_a_second(name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    mail = read_mail(BOMBS[name])
    assert (mail.subject, mail.recipients, mail.answered) is not None
    assert time.process_time() - started < 1.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # kilobytes


def test_mail_of_too_many_parts_keeps_its_head() -> None:
    mail = read_mail(b"Subject: bomb\n" + BOMBS["ten thousand parts"])
    assert (mail.subject, mail.is_readable, mail.faults) == ("bomb", False, ("complex: more than 400 parts",))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_raise(raw: bytes) -> None:
    for body in (raw, MIXED + b"--B\r\n" + raw, b"Content-Type: text/html\r\n\r\n" + raw, b"Subject: " + raw):
        mail = read_mail(body)
        mail.text.encode("utf-8")
        assert "\x00" not in mail.text + mail.subject
        assert (mail.recipients, mail.answered, mail.sent_at, mail.message_id) is not None


def test_endless_subject_hides_neither_the_body_nor_what_stands_above_it() -> None:
    mail = read_mail(b"From: a@x.example\r\nSubject: " + b"S" * 1_000_000 + b"\r\n\r\nhello")
    assert (mail.text, mail.subject, mail.from_fields) == ("hello", "S" * 1_000, [b"a@x.example"])
    assert not mail.headers.is_clean  # another reader may find another From below


def test_text_that_is_cut_says_so() -> None:
    mail = read_mail(b"From: a@x.example\r\n\r\n" + b"words \n" * 50_000)
    assert (len(mail.text), mail.faults) == (300_000, ("text cut",))
