"""The From field of each captured mail payload: `mime-<name>.eml`, as the bytes stand there."""

import pytest

from profiles.identity.from_header import FromSender, Verdict, sender_of
from profiles.identity.values import Grade, Standing

CUSTOMER = "customer@example.net"
PLAIN = b"Test Customer <customer@example.net>"


@pytest.mark.parametrize(
    ("payload", "field", "address", "name"),
    [
        ("anymail-sample", b"Someone <someone@example.com>", "someone@example.com", "Someone"),
        ("auto-reply-exchange", PLAIN, CUSTOMER, "Test Customer"),
        ("auto-reply-no-headers", PLAIN, CUSTOMER, "Test Customer"),
        ("auto-reply-rfc3834", PLAIN, CUSTOMER, "Test Customer"),
        ("bounce-dsn", b"MAILER-DAEMON@mx.example.net", "MAILER-DAEMON@mx.example.net", ""),
        ("charset-iso-8859-8-i", PLAIN, CUSTOMER, "Test Customer"),
        ("charset-undeclared-8bit", PLAIN, CUSTOMER, "Test Customer"),
        ("charset-unknown", PLAIN, CUSTOMER, "Test Customer"),
        ("charset-wrong-label", PLAIN, CUSTOMER, "Test Customer"),
        ("complaint-arf", b"feedback@isp.example", "feedback@isp.example", ""),
        ("duplicate-message-id", b"Mallory <mallory@example.org>", "mallory@example.org", "Mallory"),
        ("header-raw-latin1", b"Jos\xe9 <customer@example.net>", CUSTOMER, "José"),
        ("header-raw-utf8", b"Jos\xc3\xa9 <customer@example.net>", CUSTOMER, "José"),
        ("html-with-forwarded-mail", b"customer@example.net", CUSTOMER, ""),
        ("mailing-list", PLAIN, CUSTOMER, "Test Customer"),
        ("no-message-id-no-date", b"customer@example.net", CUSTOMER, ""),
        ("odd-attachment-filenames", b"customer@example.net", CUSTOMER, ""),
        ("reply-apple-mail", b"xxx <xxx@gmail.com>", "xxx@gmail.com", "xxx"),
        ("reply-gmail", b"Megan One <xxx@gmail.com>", "xxx@gmail.com", "Megan One"),
        ("reply-hotmail", b"Alexey Q <xxx@hotmail.com>", "xxx@hotmail.com", "Alexey Q"),
        ("reply-iphone", b"xxx <xxx@gmail.com>", "xxx@gmail.com", "xxx"),
        ("reply-thunderbird", b"bob <bob@xxx.mailgun.org>", "bob@xxx.mailgun.org", "bob"),
        ("reply-yahoo", b"Alex Q <xxx@yahoo.com>", "xxx@yahoo.com", "Alex Q"),
        ("spoofed-from", PLAIN, CUSTOMER, "Test Customer"),
    ],
)
def test_payload_is_from(payload: str, field: bytes, address: str, name: str) -> None:
    domain = address.rpartition("@")[2]
    passed = Verdict(dmarc="pass", dmarc_domain=domain)
    assert sender_of([field], passed) == FromSender(address, name, Standing.PROVED, Grade.PROVED, "dmarc"), payload
    silent = sender_of([field], Verdict())
    assert silent == FromSender(address, name, Standing.UNPROVED, Grade.CLAIMED, "not_authenticated"), payload


def test_spoofed_payload_fails_by_the_word_of_our_own_receiver() -> None:
    """`mime-spoofed-from.eml`: the forger's own dmarc=pass stands above it and never becomes a verdict."""
    ours = Verdict(dmarc="fail", dmarc_domain="example.net", spf="fail", spf_domain="evil.example")
    found = sender_of([PLAIN], ours)
    assert (found.standing, found.grade, found.reason) == (Standing.FAILED, Grade.CLAIMED, "dmarc_failed")


def test_thread_hijacker_is_proved_as_nobody_but_himself() -> None:
    """`mime-duplicate-message-id-from-other-sender.eml`: spf=pass, dmarc=none."""
    found = sender_of([b"Mallory <mallory@example.org>"], Verdict(spf="pass", spf_domain="example.org", dmarc="none"))
    assert (found.address, found.reason) == ("mallory@example.org", "spf")
