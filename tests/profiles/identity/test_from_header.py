"""The strict From: honest senders as mail programs write them, and each trick by name."""

from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.identity.display_name import LONGEST_NAME, clean_name
from profiles.identity.from_header import FromSender, Verdict, sender_of
from profiles.identity.values import Grade, Standing

UNPROVED, FAILED, PROVED = Standing.UNPROVED, Standing.FAILED, Standing.PROVED


def proving(domain: str) -> Verdict:
    return Verdict(dmarc="pass", dmarc_domain=domain, spf="pass", spf_domain=domain, dkim_domains=(domain,))


HONEST: list[tuple[str | bytes, str, str]] = [
    ("alice@example.org", "alice@example.org", ""),
    ("<alice@example.org>", "alice@example.org", ""),
    ("  Alice <alice@example.org>  \r\n", "alice@example.org", "Alice"),
    ("Alice<alice@example.org>", "alice@example.org", "Alice"),
    ("Alice Smith <Alice.Smith@Example.ORG>", "Alice.Smith@Example.ORG", "Alice Smith"),
    ('"Smith, Alice" <alice@example.org>', "alice@example.org", "Smith, Alice"),
    ('"Alice \\"Ali\\" Smith" <alice@example.org>', "alice@example.org", 'Alice "Ali" Smith'),
    ('Alice "Ali" Smith <alice@example.org>', "alice@example.org", "Alice Ali Smith"),
    ("J. R. Smith <jr@example.org>", "jr@example.org", "J. R. Smith"),
    ("Dr. Max Müller <max@example.org>", "max@example.org", "Dr. Max Müller"),
    ("Conan O'Brien <o'brien@example.org>", "o'brien@example.org", "Conan O'Brien"),
    ("'Alice Smith' <alice@example.org>", "alice@example.org", "'Alice Smith'"),
    ("Müller GmbH & Co. KG <kauf@example.org>", "kauf@example.org", "Müller GmbH & Co. KG"),
    ("Shop24.de <bestellung@example.org>", "bestellung@example.org", "Shop24.de"),
    ("Alice | Firma <alice@example.org>", "alice@example.org", "Alice | Firma"),
    ("Alice – Firma! <alice@example.org>", "alice@example.org", "Alice – Firma!"),
    ("Alice Smith (JIRA) <jira@example.org>", "jira@example.org", "Alice Smith (JIRA)"),
    ("Alice (she/her) <alice@example.org>", "alice@example.org", "Alice (she/her)"),
    ("Alice via Liste <liste@example.org>", "liste@example.org", "Alice via Liste"),
    ('"Alice via Docs" <docs-noreply@example.org>', "docs-noreply@example.org", "Alice via Docs"),
    ("alice@example.org (Alice Smith)", "alice@example.org", "Alice Smith"),
    ("Alice <alice@example.org> (office)", "alice@example.org", "Alice"),
    ('"alice@example.org" <alice@example.org>', "alice@example.org", ""),
    ('"Alice@Example.org" <alice@example.org>', "alice@example.org", ""),
    ("=?utf-8?q?J=C3=B6rg_M=C3=BCller?= <joerg@example.org>", "joerg@example.org", "Jörg Müller"),
    ("=?UTF-8?B?SsO2cmcgTcO8bGxlcg==?= <joerg@example.org>", "joerg@example.org", "Jörg Müller"),
    ("=?iso-8859-1?Q?Ren=E9e?= Dupont <renee@example.org>", "renee@example.org", "Renée Dupont"),
    ('"=?utf-8?q?J=C3=B6rg?=" <joerg@example.org>', "joerg@example.org", "Jörg"),
    ("=?utf-8?b?SsO2?=\r\n =?utf-8?b?cmc=?= <joerg@example.org>", "joerg@example.org", "Jörg"),
    ("=?utf-8?b?SsM=?= =?utf-8?b?tnJn?= <joerg@example.org>", "joerg@example.org", "Jörg"),  # split inside ö
    ("=?iso-2022-jp?B?GyRCOzNFRBsoQg==?= <yamada@example.org>", "yamada@example.org", "山田"),
    ("=?x-unknown?q?Alice?= <alice@example.org>", "alice@example.org", "Alice"),
    ("山田太郎 <yamada@example.org>", "yamada@example.org", "山田太郎"),
    ("José <jose@example.org>".encode(), "jose@example.org", "José"),
    ("José <jose@example.org>".encode("latin-1"), "jose@example.org", "José"),
    ("Jos\udce9 <jose@example.org>", "jose@example.org", "José"),  # the same as the standard library hands it on
    (
        "A very long name of a\r\n\tfolded field <alice@example.org>",
        "alice@example.org",
        "A very long name of a folded field",
    ),
    ("Alice <alice+shop=2026@mail.example.org>", "alice+shop=2026@mail.example.org", "Alice"),
    ("Alice <alice@xn--mnchen-3ya.example>", "alice@xn--mnchen-3ya.example", "Alice"),
    ("Alice <alice@münchen.example>", "alice@münchen.example", "Alice"),
    ("用户 <用户@example.org>", "用户@example.org", "用户"),
    ('"" <alice@example.org>', "alice@example.org", ""),
    ("🎉 Alice 🎉 <alice@example.org>", "alice@example.org", "🎉 Alice 🎉"),
    ("MAILER-DAEMON@mx.example.org", "MAILER-DAEMON@mx.example.org", ""),
]


@pytest.mark.parametrize(("field", "address", "name"), HONEST)
def test_honest_sender_is_proved(field: str | bytes, address: str, name: str) -> None:
    found = sender_of([field], proving(address.rpartition("@")[2]))
    assert found == FromSender(address, name, PROVED, Grade.PROVED, "dmarc")


@pytest.mark.parametrize(
    ("field", "address", "name"),
    [
        # Legal, but read differently by different programs.
        ('"alice smith"@example.org', '"alice smith"@example.org', ""),
        ("Alice <alice@[192.0.2.1]>", "alice@[192.0.2.1]", "Alice"),
        # Broken, and seen every day.
        ("Smith, Alice <alice@example.org>", "alice@example.org", "Smith, Alice"),
        ("Alice [Firma] <alice@example.org>", "alice@example.org", "Alice [Firma]"),
        ("Re: Alice <alice@example.org>", "alice@example.org", "Re: Alice"),
        ("Alice < alice@example.org >", "alice@example.org", "Alice"),
        ("alice@example.org <alice@example.org>", "alice@example.org", ""),
        ("a..lice.@example.org", "a..lice.@example.org", ""),  # Japanese carriers gave these out
        ("root@localhost", "root@localhost", ""),
        ('"bob@example.org" <alice@example.org>', "alice@example.org", ""),
    ],
)
def test_unusual_but_plain_sender_keeps_its_address_unproved(field: str, address: str, name: str) -> None:
    found = sender_of([field], proving("example.org"))
    assert (found.address, found.display_name, found.standing, found.grade) == (address, name, UNPROVED, Grade.CLAIMED)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ([], "no_from"),
        (["alice@example.org", "alice@example.org"], "several_from"),
        ([""], "empty"),
        (["\r\n"], "empty"),
        (["<>"], "empty"),
        (["Alice <>"], "unreadable"),
        (["Alice"], "unreadable"),
        (["@example.org"], "unreadable"),
        (["alice@"], "unreadable"),
        (["Alice <alice@example.org"], "unreadable"),
        (["Alice <alice@example.org>, "], "unreadable"),
        (["<alice@example.org> Alice"], "unreadable"),
        (["Alice <alice @example.org>"], "unreadable"),
        (["Alice <alice(x)@example.org>"], "unreadable"),
        (['Alice" <alice@example.org>'], "unreadable"),
        (["(Alice <alice@example.org>"], "unreadable"),
        (["undisclosed-recipients:;"], "unreadable"),
        (["Friends: alice@example.org;"], "unreadable"),
        (["<@relay.test:alice@example.org>"], "several_addresses"),
        (["alice@example.org, bob@example.org"], "several_addresses"),
        (["Alice <alice@example.org>, Bob <bob@example.org>"], "several_addresses"),
        (["alice@example.org, Bob <bob@example.org>"], "several_addresses"),
        (["alice@example.org)bob@example.org"], "several_addresses"),
        (["<alice@example.org><bob@example.org>"], "several_addresses"),
        (["alice@example.org@bob.test"], "several_addresses"),
        (['"alice@example.org"@bob.test'], "several_addresses"),
        (["alice@example.org (<bob@example.org>)"], "several_addresses"),
        (["=?utf-8?q?alice=40example=2Eorg?=@bob.test"], "encoded_address"),
        (["<=?utf-8?q?alice?=@example.org>"], "encoded_address"),
        (["alice@example.org\x00"], "control_characters"),
        (["ali\x00ce@example.org"], "control_characters"),
        (["alice@example.org\r\nReply-To: x"], "control_characters"),
        (["alice@example.org\rbob"], "control_characters"),
        (["Alice\x1b[1m <alice@example.org>"], "control_characters"),
        (["ali\u200bce@example.org"], "hidden_characters"),
        (["Alice <\u202ealice@example.org>"], "hidden_characters"),
        (["alice@ban\u212a.example"], "hidden_characters"),
        (["alice\ufffd@example.org"], "hidden_characters"),
        (["café@example.org".encode("latin-1")], "not_text"),
        (["\ud800 <alice@example.org>"], "not_text"),
        (["A" * 65536 + " <alice@example.org>"], "too_long"),
        (["a" * 300 + "@example.org"], "too_long"),
    ],
)
def test_sender_that_cannot_be_told_is_refused(fields: list[str | bytes], reason: str) -> None:
    found = sender_of(fields, proving("example.org"))
    assert found == FromSender("", "", UNPROVED, Grade.CLAIMED, reason)


@pytest.mark.parametrize("field", ["vip@bank.example <evil@attacker.test>", "vip@bank.example)evil@attacker.test"])
def test_standard_library_reads_the_victim_where_we_do_not(field: str) -> None:
    assert parseaddr(field)[1] == "vip@bank.example"
    assert sender_of([field], proving("attacker.test")).address in {"", "evil@attacker.test"}


@pytest.mark.parametrize(
    ("verdict", "standing", "reason"),
    [
        (Verdict(), UNPROVED, "not_authenticated"),
        (Verdict(dmarc="pass", dmarc_domain="shop.example.org"), PROVED, "dmarc"),
        (Verdict(dmarc="PASS", dmarc_domain="Shop.Example.org"), PROVED, "dmarc"),
        (Verdict(dmarc="pass"), UNPROVED, "not_authenticated"),  # a pass of nobody knows which domain
        (Verdict(dmarc="pass", dmarc_domain="example.org"), UNPROVED, "other_domain"),  # header.from is never a parent
        (
            Verdict(dmarc="pass", dmarc_domain="attacker.test", dkim_domains=("shop.example.org",)),
            UNPROVED,
            "other_domain",
        ),
        (Verdict(dmarc="none", dkim_domains=("attacker.test", "shop.example.org")), PROVED, "dkim"),
        (Verdict(dkim_domains=("example.org",)), PROVED, "dkim"),
        (Verdict(dkim_domains=("org",)), UNPROVED, "not_authenticated"),
        (Verdict(dkim_domains=("",)), UNPROVED, "not_authenticated"),
        (Verdict(dkim_domains=("mail.shop.example.org",)), UNPROVED, "not_authenticated"),
        (Verdict(dkim_domains=("op.example.org",)), UNPROVED, "not_authenticated"),
        (Verdict(dkim_domains=("shop.example.org.attacker.test",)), UNPROVED, "not_authenticated"),
        (Verdict(spf="pass", spf_domain="shop.example.org"), PROVED, "spf"),
        (Verdict(spf="pass", spf_domain="example.org"), UNPROVED, "not_authenticated"),
        (Verdict(spf="softfail", spf_domain="example.org"), UNPROVED, "not_authenticated"),
        (Verdict(spf="pass", spf_domain="attacker.test"), UNPROVED, "not_authenticated"),
        (Verdict(dmarc="fail", dmarc_domain="shop.example.org"), FAILED, "dmarc_failed"),
        (Verdict(dmarc="fail", dkim_domains=("shop.example.org",), spf="pass"), FAILED, "dmarc_failed"),
        (Verdict(dmarc="temperror", dmarc_domain="shop.example.org"), UNPROVED, "not_authenticated"),
    ],
)
def test_only_an_aligned_pass_proves(verdict: Verdict, standing: Standing, reason: str) -> None:
    found = sender_of(["Alice <alice@shop.example.org>"], verdict)
    assert (found.address, found.standing, found.reason) == ("alice@shop.example.org", standing, reason)
    assert found.grade is (Grade.PROVED if standing is PROVED else Grade.CLAIMED)


@pytest.mark.parametrize(
    ("address", "signer", "standing"),
    [
        ("a@mail.firma.co.uk", "firma.co.uk", PROVED),
        ("a@firma.co.uk", "co.uk", UNPROVED),
        ("a@firma.com.br", "com.br", UNPROVED),
        ("a@firma.com", "com", UNPROVED),
        ("a@news.go.com", "go.com", PROVED),
    ],
)
def test_parent_may_sign_but_no_registry(address: str, signer: str, standing: Standing) -> None:
    assert sender_of([address], Verdict(dkim_domains=(signer,))).standing is standing


def test_domains_align_in_either_spelling_and_never_by_look() -> None:
    for domain in ("münchen.example", "XN--MNCHEN-3YA.example"):
        assert sender_of(["info@MÜNCHEN.example"], proving(domain)).standing is PROVED
    assert sender_of(["info@bаnk.example"], proving("bank.example")).standing is UNPROVED  # Cyrillic а
    assert sender_of(["info@bıg.example"], proving("big.example")).standing is UNPROVED
    assert sender_of(["info@ｂank.example"], proving("bank.example")).standing is UNPROVED


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\u202egro.elpmaxe@ecila", "gro.elpmaxe@ecila"),
        ("Ali\u200bce\u00ad", "Alice"),
        ("=?utf-8?q?Alice=0D=0ABcc=3A_x=00?=", "Alice Bcc: x"),
        ("=?utf-8?b?!!!?=", ""),
        ("=?unicode_escape?q?=5Cx41?=", "A"),
        ("=?idna?q?=FF?=", "\ufffd"),
        ("=?zlib?q?Alice?=", "Alice"),
        ("x" * 500, "x" * LONGEST_NAME),
    ],
)
def test_display_name_shows_what_a_reader_sees(raw: str, shown: str) -> None:
    assert clean_name(raw) == shown


FIELDS = st.one_of(
    st.text(max_size=80),
    st.binary(max_size=80),
    st.text(alphabet='a@.<>()[]",;:\\ =?\t\r\n\x00é\u202eK\udce9', max_size=60),
)


@settings(max_examples=2000, deadline=None)
@given(st.lists(FIELDS, max_size=2), st.sampled_from(["a.a", "example.org", ""]))
def test_every_field_has_an_answer_and_proof_always_has_a_reason(fields: list[str | bytes], domain: str) -> None:
    found = sender_of(fields, proving(domain))
    assert (found.grade is Grade.PROVED) == (found.standing is PROVED)
    assert found.reason
    assert found.address or found.standing is not PROVED
    assert found == sender_of(fields, proving(domain))
    if found.standing is PROVED:  # and once it is proved, the plain form says the same
        again = sender_of([f"<{found.address}>"], proving(domain))
        assert (again.address, again.standing) == (found.address, PROVED)
