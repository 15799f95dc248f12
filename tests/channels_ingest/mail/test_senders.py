"""Who a mail is believed to be from, which thread it proves to know, and what no person wrote."""

from typing import Any

import pytest

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.mail.headers import headers_of
from channels_ingest.adapters.mail.items import Arrival, items_of, message_key
from channels_ingest.adapters.mail.reading import read_mail
from channels_ingest.adapters.mail.threads import tagged_address, thread_in, token
from channels_ingest.adapters.mail.verdict import of_authentication_results, only_signer
from channels_ingest.messages import Amendment, ConsentChange, Message
from profiles.identity.from_header import Verdict
from profiles.identity.mailbox import email_join_key
from profiles.identity.values import Standing
from tests.channels_ingest.describing import PAYLOADS, RECEIVED_AT
from tests.profiles.identity.test_forged_senders import SEED, forgeries

KEY = b"a key of this test's"
OLD_KEY = b"the key before"
REFERENCE = "0b9cb0b7-5f3c-4a3f-9b19-0a1d2f7c9a11"
OURS = "mx.hub.example.com"


def results(*fields: tuple[str, str]) -> Verdict:
    return of_authentication_results(headers_of(fields), OURS)


def ar(text: str) -> tuple[str, str]:
    return ("Authentication-Results", text)


PASS = "dmarc=pass header.from=x.example; spf=pass smtp.mailfrom=m@x.example; dkim=pass header.d=x.example"
PASSED = Verdict(
    dmarc="pass", dmarc_domain="x.example", spf="pass", spf_domain="x.example", dkim_domains=("x.example",)
)
FAILED = Verdict(dmarc="fail", dmarc_domain="x.example")


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ([ar(f"{OURS}; {PASS}")], PASSED),
        ([ar(f"{OURS.upper()} 1; {PASS}")], PASSED),
        ([ar(f"(a comment; with (more)) {OURS} ; {PASS} (p=none)")], PASSED),
        ([ar(f"mx.attacker.example; {PASS}"), ar(f"{OURS}; dmarc=fail header.from=x.example")], FAILED),
        ([ar(f"{OURS}.attacker.example; {PASS}")], Verdict()),
        ([ar(f'"{OURS}"; {PASS}')], Verdict()),
        ([("Received", f"from a by {OURS} with ESMTP; now"), ar(f"{OURS}; {PASS}")], PASSED),
        ([("Received", "from a by other.example; now"), ar(f"{OURS}; {PASS}")], Verdict()),
        ([("Received", f"from (by {OURS}) by other.example"), ar(f"{OURS}; {PASS}")], Verdict()),
        # Our server wrote one and let a forged one through below it: the forged one proves nothing.
        ([ar(f"{OURS}; dmarc=none header.from=x.example"), ar(f"{OURS}; dmarc=pass header.from=x.example")], Verdict()),
        ([ar(f"{OURS}; dmarc=pass header.from=x.example"), ar(f"{OURS}; dmarc=fail header.from=x.example")],
         FAILED),
        # Two milters, each with its own method.
        ([ar(f"{OURS}; dkim=pass header.d=x.example"), ar(f"{OURS}; dmarc=pass header.from=x.example")],
         Verdict(dmarc="pass", dmarc_domain="x.example", dkim_domains=("x.example",))),
        ([ar(f"{OURS}; dkim=pass header.i=@x.example; dkim=fail header.d=y.example")],
         Verdict(dkim_domains=("x.example",))),
        ([ar(f'{OURS}; spf=none smtp.mailfrom="a;dmarc=pass header.from=x.example"')],
         Verdict(spf="none", spf_domain="x.example")),
        ([ar(f"{OURS}; none")], Verdict()),
        ([ar("")], Verdict()),
        ([("X-Authentication-Results", f"{OURS}; {PASS}")], Verdict()),
    ],
)  # fmt: skip
def test_only_our_own_receivers_field_counts(fields: list[tuple[str, str]], verdict: Verdict) -> None:
    found = results(*fields)
    assert (found.dmarc, found.dmarc_domain, found.dkim_domains) == (
        verdict.dmarc,
        verdict.dmarc_domain,
        verdict.dkim_domains,
    )
    assert found.spf == verdict.spf


def test_without_the_servers_name_nothing_is_believed() -> None:
    assert of_authentication_results(headers_of([ar(f"; {PASS}"), ar(f"{OURS}; {PASS}")]), "") == Verdict()


@pytest.mark.parametrize(
    ("text", "spf_domain", "dkim_domains"),
    [
        ('spf=pass smtp.mailfrom="m@x.example"', "x.example", ()),
        ('spf=pass smtp.mailfrom="vip@bank.example"@attacker.test', "", ()),
        ('spf=pass smtp.mailfrom="a smtp.mailfrom=vip@bank.example "@attacker.test', "", ()),
        ('dkim=pass reason="good; 2048 bit" header.d=x.example header.b="aB+/=9"', "", ("x.example",)),
    ],
)
def test_local_part_in_quotes_is_no_domain(text: str, spf_domain: str, dkim_domains: tuple[str, ...]) -> None:
    found = results(ar(f"{OURS}; {text}"))
    assert (found.spf_domain, found.dkim_domains) == (spf_domain, dkim_domains)


@pytest.mark.parametrize(
    ("signatures", "domains"),
    [
        ([b"v=1; d=x.example; s=a"], ("x.example",)),
        ([b"v=1; d=x.example", b"v=1; d=x.example"], ("x.example",)),
        ([b"v=1; d=x.example", b"v=1; d=evil.example"], ()),
        ([b"v=1; bh=d=x.example"], ()),
        ([b"v=1; d=x.example", b"nonsense"], ()),
        ([b"v=1; d=x.example; d=evil.example"], ()),
        ([b"d=x.example;d=evil.example", b"d=evil.example;d=x.example"], ()),
        ([], ()),
    ],
)
def test_signer_is_known_only_if_all_signatures_name_it(signatures: list[bytes], domains: tuple[str, ...]) -> None:
    assert only_signer(signatures) == domains


def test_token_is_known_again_in_any_case_and_by_an_old_key_but_not_by_another() -> None:
    made = token(REFERENCE, "Mira@x.example", KEY)
    for text in (f"support+{made}@hub.example", f"SUPPORT+{made.upper()}@HUB.EXAMPLE", f"Re: <{made}@hub.example>"):
        found = thread_in(text, [b"new", KEY])
        assert found is not None
        assert (found.reference, found.is_for("mira@X.example"), found.is_for("jonas@x.example")) == (
            REFERENCE,
            True,
            False,
        )
    assert thread_in(made, [b"another account's key"]) is None
    for place in range(len(made)):
        other = "a" if made[place] != "a" else "b"
        assert thread_in(made[:place] + other + made[place + 1 :], [KEY]) is None
    assert thread_in(made[:-1], [KEY]) is None
    assert thread_in("t42.k9x@hub.example.com", [KEY]) is None


def test_reply_address_stays_within_what_servers_take() -> None:
    made = token(REFERENCE, "mira@x.example", KEY)
    assert tagged_address("support@hub.example", made) == f"support+{made}@hub.example"
    assert len(tagged_address("support@hub.example", made).partition("@")[0]) <= 64
    assert tagged_address("a" * 30 + "@hub.example", made) == "a" * 30 + "@hub.example"
    with pytest.raises(ValueError, match="reference"):
        token("../x", "mira@x.example", KEY)


def items(raw: bytes, verdict: Verdict | None = None, **plain: str) -> list[Any]:
    arrival = Arrival(verdict=verdict or Verdict(), received_at=RECEIVED_AT, raw=raw)
    settings = AccountSettings(plain={"from": "support@hub.example", **plain}, thread_keys=(KEY, OLD_KEY))
    return items_of(read_mail(raw), arrival, settings)


def mail(*fields: str, sender: str = "Mira <mira@x.example>", body: str = "hello") -> bytes:
    return "\r\n".join([f"From: {sender}", *fields, "", body]).encode()


def test_proved_and_unproved_are_different_senders() -> None:
    proved = items(mail(), PASSED)[0].sender
    unproved = items(mail())[0].sender
    failed = items(mail(), Verdict(dmarc="fail", dmarc_domain="x.example"))[0].sender
    assert [s.standing for s in (proved, unproved, failed)] == [Standing.PROVED, Standing.UNPROVED, Standing.FAILED]
    assert {s.address for s in (proved, unproved, failed)} == {"mira@x.example"}
    assert [s.identifiers[0].grade for s in (proved, unproved, failed)] == ["proved", "claimed", "claimed"]


@pytest.mark.parametrize(
    "fields",
    [
        ["From: victim@x.example", "From: evil@y.example"],
        ["From: victim@x.example, evil@y.example"],
        ["From: =?utf-8?q?victim=40x.example?="],
        ["From: "],
        ["Subject: nobody at all"],
    ],
)
def test_unclear_sender_is_nobody_and_cannot_be_answered(fields: list[str]) -> None:
    message = items("\r\n".join([*fields, "", "hello"]).encode(), PASSED)[0]
    assert message.sender.address.startswith("unreadable sender ")
    assert (message.sender.identifiers, message.sender.reply_refusal) == ((), "unreadable_sender")
    assert message.text == "hello"


def test_answer_by_reply_address_or_message_id_names_the_message_of_ours() -> None:
    made = token(REFERENCE, "mira@x.example", OLD_KEY)
    for fields in (
        [f"To: support+{made}@hub.example"],
        ["To: x@y.example", f"Delivered-To: support+{made}@hub.example"],
        [f"In-Reply-To: <other@x>\r\n <{made}@hub.example>"],
        [f"References: <a@b> <{made}@hub.example> <c@d>"],
    ):
        detail = items(mail(*fields))[0].detail
        assert detail["thread"]["reference"] == detail["reply_to"]["reference"] == REFERENCE
        assert detail["thread"]["is_addressee"] is True


def test_stranger_who_knows_the_thread_stays_a_stranger_and_is_marked() -> None:
    made = token(REFERENCE, "mira@x.example", KEY)
    message = items(mail(f"In-Reply-To: <{made}@hub.example>", sender="mallory@evil.example"), PASSED)[0]
    assert message.sender.address == "mallory@evil.example"
    assert message.detail["thread"] == {"reference": REFERENCE, "known_by": "message_id", "is_addressee": False}


@pytest.mark.parametrize("subject", ["Re: Order 42", f"Re: [{REFERENCE}] Order"])
def test_subject_makes_no_thread(subject: str) -> None:
    assert "thread" not in items(mail(f"Subject: {subject}", "In-Reply-To: <t42.k9x@hub.example>"))[0].detail


def test_reused_message_id_never_hides_another_mail() -> None:
    real = read_mail(mail("Message-ID: <a@x.example>"))
    same = read_mail(b"Received: by another hop\r\n" + mail("Message-ID: <a@x.example>"))
    strange = read_mail(mail("Message-ID: <a@x.example>", sender="mallory@evil.example"))
    other = read_mail(mail("Message-ID: <a@x.example>", body="something else"))
    assert message_key(real) == message_key(same)
    assert len({message_key(real), message_key(strange), message_key(other)}) == 3


BOUNCE = (PAYLOADS / "mime-bounce-dsn.eml").read_bytes()
COMPLAINT = (PAYLOADS / "mime-complaint-arf.eml").read_bytes()
MADE = token(REFERENCE, "customer@example.net", KEY)


@pytest.mark.parametrize("forged", [b"o77.k9x", f"{REFERENCE}.{'a' * 19}".encode()])
def test_bounce_and_complaint_count_only_with_a_mail_of_ours(forged: bytes) -> None:
    for payload, kind in ((BOUNCE, "bounce"), (COMPLAINT, "complaint")):
        message = items(payload.replace(b"o77.k9x", forged))[0]
        assert isinstance(message, Message)
        assert message.detail["automatic"] == {"kind": kind, "why": "report"}


@pytest.mark.parametrize("place", [b"bounce+o77.k9x@", b"<o77.k9x@"])
def test_bounce_of_our_mail_is_its_failed_status(place: bytes) -> None:
    (amendment,) = items(BOUNCE.replace(place, place.replace(b"o77.k9x", MADE.encode())))
    assert isinstance(amendment, Amendment)
    assert dict(amendment.detail) == {
        "status": "failed",
        "delivery": "failed",
        "reference": REFERENCE,
        "errors": [{"code": "5.1.1", "message": "550 5.1.1 User unknown"}],
    }


def test_delay_is_no_failure() -> None:
    raw = BOUNCE.replace(b"o77.k9x", MADE.encode()).replace(b"Action: failed", b"Action: delayed")
    (amendment,) = items(raw)
    assert (amendment.detail["status"], amendment.detail["delivery"]) == ("delayed", "sent")


def test_bounce_that_follows_no_standard_is_recognised_by_its_words() -> None:
    raw = mail(
        "Return-Path: <>",
        "Subject: failure notice",
        sender="MAILER-DAEMON@mx.example.net",
        body=(
            "Hi. This is the qmail-send program at mx.example.net.\r\n"
            "I'm afraid I wasn't able to deliver your message.\r\n"
            "\r\n<customer@example.net>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n"
            f"--- Below this line is a copy of the message.\r\n\r\nMessage-ID: <{MADE}@hub.example>\r\n"
        ),
    )
    (amendment,) = items(raw)
    assert isinstance(amendment, Amendment)
    assert (amendment.detail["delivery"], amendment.detail["reference"]) == ("failed", REFERENCE)


def test_complaint_about_our_mail_withdraws_the_recipients_consent_to_marketing() -> None:
    (change,) = items(COMPLAINT.replace(b"o77.k9x", MADE.encode()))
    assert isinstance(change, ConsentChange)
    assert (change.sender.address, change.purpose, change.granted) == ("customer@example.net", "marketing", False)


def test_complaint_that_names_another_recipient_withdraws_nothing() -> None:
    raw = COMPLAINT.replace(b"o77.k9x", MADE.encode()).replace(b"customer@", b"victim@")
    assert not any(isinstance(item, ConsentChange) for item in items(raw))


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (["Auto-Submitted: auto-replied"], "auto_reply"),
        (["Auto-Submitted: auto-generated"], "notification"),
        (["Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All"], "auto_reply"),
        (["Auto-Submitted: no"], ""),
        (["X-Autoreply: yes"], "auto_reply"),
        (["Precedence: auto_reply"], "auto_reply"),
        (["Precedence: bulk"], "list"),
        (["List-Id: News <news.shop.example>"], "list"),
        (["List-Id: Our group <support.hub.example>", "Precedence: list"], ""),  # support@ is a group of ours
        (["List-Unsubscribe: <mailto:u@x>"], ""),
        (["X-Auto-Response-Suppress: OOF"], ""),
        (["Return-Path: <>"], "auto_reply"),
        (["Subject: Abwesenheitsnotiz: Order"], "auto_reply"),
        (["Subject: Out of Office"], "auto_reply"),
        (["Subject: Re: Automatic reply: Order"], ""),
        (["Subject: Out of office chairs?"], ""),
        (["Subject: Automatic response time is bad"], ""),
        (["Subject: Order 42"], ""),
    ],
)
def test_what_no_person_wrote_is_recognised(fields: list[str], kind: str) -> None:
    assert items(mail(*fields))[0].detail.get("automatic", {}).get("kind", "") == kind


@pytest.mark.parametrize(
    ("fields", "sender", "why"),
    [
        (["X-Auto-Response-Suppress: OOF"], "mira@x.example", "x-auto-response-suppress"),
        (["List-Unsubscribe: <mailto:u@x>"], "mira@x.example", "list-unsubscribe"),
        ([], "no-reply@x.example", "no-reply"),
        ([], "do.not.reply@x.example", "no-reply"),
        ([], "reply@x.example", ""),
    ],
)
def test_what_may_not_be_answered_automatically_is_said(fields: list[str], sender: str, why: str) -> None:
    assert items(mail(*fields, sender=sender))[0].detail.get("no_auto_answer", "") == why


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        (["Date: Fri, 20 Nov 2026 11:00:00 +0000"], "2026-11-20T11:00:00+00:00"),
        (["Received: from a by b; Fri, 20 Nov 2026 12:30:00 +0100", "Date: Fri, 20 Nov 2026 10:00:00 +0000"],
         "2026-11-20T11:30:00+00:00"),
        (["Date: Mon, 2 Nov 2026 11:00:00 +0000"], "2026-11-20T12:00:00+00:00"),
        (["Date: Fri, 20 Nov 2026 12:05:00 +0000"], "2026-11-20T12:00:00+00:00"),
        (["Date: Sat, 20 Nov 2027 11:00:00 +0000"], "2026-11-20T12:00:00+00:00"),
        (["Date: yesterday"], "2026-11-20T12:00:00+00:00"),
        ([], "2026-11-20T12:00:00+00:00"),
    ],
)  # fmt: skip
def test_time_is_the_servers_stamp_then_the_senders_if_it_can_be(fields: list[str], at: str) -> None:
    assert items(mail(*fields))[0].occurred_at.isoformat() == at


def test_no_forged_field_in_a_whole_mail_is_the_victim_with_proof() -> None:
    """Promise I4 on the bytes: a field that breaks out of its line must not leave the victim alone in it."""
    proved = 0
    for number, (way, fields, verdict, victim) in enumerate(forgeries(SEED, 6_000)):
        head = b""
        for field in fields:
            value = field if isinstance(field, bytes) else field.encode("utf-8", "surrogateescape")
            head += (b"From: ", b"from:", b"FROM :")[number % 3] + value + b"\r\n"
        raw = (b"Subject: x\r\n" + head, head + b"Subject: x\r\n")[number % 2] + b"\r\nhello"
        message = items(raw, verdict)[0]
        told = f"seed {SEED}: {way}: {fields!r} {verdict} -> {message.sender}"
        if email_join_key(message.sender.address) == email_join_key(victim):
            assert message.sender.standing is not Standing.PROVED, told
        proved += message.sender.standing is Standing.PROVED
    assert proved > 0


@pytest.mark.parametrize(
    "head",
    [
        b"From: victim@x.example\r\nevil@x.example\r\n",
        b"From: victim@x.example\r\n\x00From: evil@x.example\r\n",
        b" lost\r\nFrom: victim@x.example\r\n",
        b"From: victim@x.example\r\n" + b"X: y\r\n" * 2_500 + b"From: evil@x.example\r\n",
        b"From: victim@x.example\r\n" + b"X: " + b"y" * 500_000 + b"\r\nFrom: evil@x.example\r\n",
    ],
)
def test_head_that_others_may_read_differently_proves_nobody(head: bytes) -> None:
    assert items(head + b"\r\nhello", PASSED)[0].sender.standing is Standing.UNPROVED


GROUP = ["List-Id: <support.hub.example>", "X-Original-From: Mira <mira@x.example>", "Precedence: list"]


def test_customer_whose_mail_a_group_of_ours_handed_on_is_the_customer_without_proof() -> None:
    handed_on = mail(*GROUP, sender="'Mira' via Support <support@hub.example>")
    verdict = Verdict(dmarc="pass", dmarc_domain="hub.example")
    message = items(handed_on, verdict)[0]
    assert (message.sender.address, message.sender.standing) == ("mira@x.example", Standing.UNPROVED)
    assert "automatic" not in message.detail


@pytest.mark.parametrize(
    ("fields", "sender"),
    [
        (GROUP, "mallory@evil.example"),  # it did not come from our domain
        (GROUP[1:], "support@hub.example"),  # no list of ours
        (["List-Id: <list.evil.example>", *GROUP[1:]], "support@hub.example"),
    ],
)
def test_original_sender_counts_only_from_a_group_of_ours(fields: list[str], sender: str) -> None:
    assert items(mail(*fields, sender=sender))[0].sender.address == sender
