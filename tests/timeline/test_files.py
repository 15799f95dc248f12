"""Names of files as they may be shown and saved."""

import pytest

from timeline.files import LONGEST_NAME, download_name, extension_of, safe_name, shown_as

NAMES = [
    ("report.pdf", "report.pdf"),
    ("../../etc/passwd", "passwd"),
    ("C:\\Users\\Mira\\scan.png", "scan.png"),
    ("invoice\u202efdp.exe", "invoicefdp.exe"),
    ("\u2066hidden\u2069.txt", "hidden.txt"),
    ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
    ("nul\x00.txt", "nul.txt"),
    ("   spaced   out .txt ", "spaced out .txt"),
    ("..", ""),
    (". . .", ""),
    ("", ""),
    ("חשבונית.pdf", "חשבונית.pdf"),
    ("صورة.jpg", "صورة.jpg"),
    ("👩‍👧.png", "👩‍👧.png"),
    ("می‌خواهم.txt", "می‌خواهم.txt"),
    ("e\u0301.txt", "é.txt"),
]


@pytest.mark.parametrize(("name", "shown"), NAMES)
def test_name_reads_as_what_it_is(name: str, shown: str) -> None:
    assert safe_name(name) == shown


def test_long_name_keeps_its_ending() -> None:
    shown = safe_name("x" * 400 + ".docx")
    assert len(shown) == LONGEST_NAME
    assert shown.endswith("x….docx")
    assert len(safe_name("y" * 400)) == LONGEST_NAME


@pytest.mark.parametrize(
    ("name", "mime_type", "saved"),
    [
        ("", "application/pdf", "file.pdf"),
        ("", "application/x-odd", "file"),
        ('a"b<c>.txt', "text/plain", "a_b_c_.txt"),
        ("-rf.txt", "text/plain", "rf.txt"),
        ("..", "image/jpeg", "file.jpg"),
    ],
)
def test_saved_under_a_harmless_name(name: str, mime_type: str, saved: str) -> None:
    assert download_name(name, mime_type, otherwise="file") == saved


def test_nothing_that_can_run_is_ever_shown() -> None:
    for mime_type in ("text/html", "image/svg+xml", "application/pdf", "text/xml", "application/javascript", ""):
        assert shown_as(mime_type) == ""
    assert extension_of("IMAGE/JPEG; x=1") == "jpg"
