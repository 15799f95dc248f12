"""Laws of the canonical forms: stable, total, and no look-alike ever equals the address it imitates."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.identity.canonical import LONGEST_VALUE, canonical, email_join_key, phone_value
from profiles.identity.mailbox import domain_key, has_hidden
from profiles.identity.suggestion import PREFIX, suggestion_key
from profiles.identity.values import IdentifierKind

HIDDEN = (
    "\x00\x01\x1f\x7f\x85\u00ad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u202e\u2060\u2066\u3164\ufe0f\ufeff"
)
#: Dotless i, dotted I, long s, Kelvin, Angstrom, the fi ligature, full-width letters, at and dot, ...
FOLDING = "\u0131\u0130\u017f\u212a\u212b\ufb01\uff41\uff21\uff20\uff0e\u00b5\u03a9\u00df\u1e9e\u01c5\u0307"
ODD = st.text(alphabet=st.sampled_from(f"aZk0.@+-_ \t\"'<>(){HIDDEN}{FOLDING}\ud800"), max_size=24)
ANY = st.one_of(ODD, st.text(max_size=40), st.text(alphabet="0123456789+-() ٣٤０", max_size=24))
kinds = st.sampled_from(IdentifierKind)


@settings(max_examples=1500, deadline=None)
@given(kinds, ANY)
def test_canonical_forms_are_stable_and_storable(kind: IdentifierKind, text: str) -> None:
    value, key = canonical(kind, text)
    assert canonical(kind, value) == (value, key)
    assert canonical(kind, key)[1] == key
    assert bool(value) == bool(key)
    assert max(len(value), len(key)) <= LONGEST_VALUE
    (value + key).encode()
    assert "\x00" not in value + key


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(HIDDEN), st.integers(0, 17))
def test_address_with_a_hidden_character_never_equals_the_clean_one(character: str, at: int) -> None:
    clean = "alice@example.org"
    forged = clean[:at] + character + clean[at:]
    assert has_hidden(forged)
    assert canonical(IdentifierKind.EMAIL, forged)[1] != clean


@pytest.mark.parametrize("letter", "ikKs\u017f\u0131\u0130\u212a\uff41\uff21\u212b")
def test_only_ascii_letters_change_case(letter: str) -> None:
    """Every other character that some folding turns into an ASCII letter stays what it is, in either half."""
    ascii_forms = {f(letter) for f in (str.lower, str.casefold, lambda c: unicodedata.normalize("NFKC", c))}
    for form in (f"{letter}@example.org", f"alice@{letter}x.example"):
        key = email_join_key(form)
        assert key.isascii() == letter.isascii() or "@xn--" in key
        if not letter.isascii():
            assert key not in {
                email_join_key(form.replace(letter, folded)) for folded in ascii_forms if folded.isascii()
            }


@pytest.mark.parametrize(
    ("value", "join_key"),
    [
        (" Mike@Example.ORG\u00a0", "mike@example.org"),
        ("jo\u0308rg@example.org", "jörg@example.org"),
        ("A\u030a@example.org", "Å@example.org"),
        ("T\u0308@example.org", "ẗ@example.org"),
        ("info@MÜNCHEN.example", "info@xn--mnchen-3ya.example"),
        ("info@mu\u0308nchen.example", "info@xn--mnchen-3ya.example"),
        ("info@XN--MNCHEN-3YA.Example", "info@xn--mnchen-3ya.example"),
        ("info@faß.example", "info@xn--fa-hia.example"),  # IDNA 2003 would say fass
        ("bıg@bıg.example", "bıg@xn--bg-hpa.example"),
        # No domain that could be compared: as written, so equal only to itself.
        ("Info@ban\u212a.example", "info@ban\u212a.example"),
        ("info@ｂａｎｋ.example", "info@ｂａｎｋ.example"),
        ("info@bank。example", "info@bank。example"),
        ("Root@Localhost", "root@localhost"),
        ('"A b"@example.org', '"a b"@example.org'),
        ("nobody", "nobody"),
        ("", ""),
    ],
)
def test_mailboxes_are_compared_like_this(value: str, join_key: str) -> None:
    assert email_join_key(value) == join_key


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="aeouAEOU\u0308\u0301\u0327øßñ", min_size=1, max_size=8))
def test_composed_and_decomposed_spellings_are_one_mailbox(local: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, f"{local}@example.org") for form in ("NFC", "NFD"))
    assert email_join_key(composed) == email_join_key(decomposed)


@pytest.mark.parametrize(
    "domain",
    [
        "",
        "org",
        ".org",
        "a..org",
        "-a.org",
        "a-.org",
        "a_b.org",
        "192.0.2.1",
        "[192.0.2.1]",
        "a b.org",
        "x" * 64 + ".org",
        "a." * 130 + "org",
        "ü" * 60 + ".org",
        "xn--.org\u200b",
        "ex\u00admple.org",
    ],
)
def test_what_is_no_mail_domain_has_no_key(domain: str) -> None:
    assert domain_key(domain) == ""


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=30))
def test_domain_keys_are_stable_and_ascii(text: str) -> None:
    key = domain_key(text)
    assert key.isascii()
    assert not key or domain_key(key) == key


def test_foreign_id_with_a_nul_does_not_become_another_customers() -> None:
    assert canonical(IdentifierKind.CUSTOMER_ID, "c\x001") == ("c\ufffd1", "c\ufffd1")
    assert canonical(IdentifierKind.CUSTOMER_ID, "x" * (LONGEST_VALUE + 1)) == ("", "")


@pytest.mark.parametrize(
    ("received", "value"),
    [
        ("tel:+49 171 1234567", "+491711234567"),
        ("٠٠٤٩١٧١١٢٣٤٥٦٧", "+491711234567"),
        ("00 00 44 7700 900123", "+447700900123"),
        ("A4526123456", ""),  # a sender name that would otherwise be a Danish number
        ("+1 650 555 1234 #5", ""),
        ("*100#", ""),
        ("alice@example.org", ""),
    ],
)
def test_only_numbers_become_numbers(received: str, value: str) -> None:
    assert phone_value(received) == value


EMAIL, PHONE = IdentifierKind.EMAIL, IdentifierKind.PHONE


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (EMAIL, "alice.b+shop@gmail.com", "AliceB@googlemail.com"),
        (EMAIL, "alice@gmial.com", "alice@gmail.com"),
        (EMAIL, "alice@gmail.con", "a.lice@gmail.com"),
        (EMAIL, "alice@hotmaill.com", "alice@hotmail.com"),
        (EMAIL, "alice+news@firm.example", "alice@firm.example"),
        (PHONE, "0171 1234567", "+49 171 1234567"),
    ],
)
def test_nearly_equal_identifiers_are_suggested_and_never_joined(kind: IdentifierKind, one: str, other: str) -> None:
    assert suggestion_key(kind, one) == suggestion_key(kind, other) != ""
    assert canonical(kind, one)[1] != canonical(kind, other)[1]


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (EMAIL, "a.lice@firm.example", "alice@firm.example"),
        (EMAIL, "alice@hotmail.com", "alice@outlook.com"),
        (EMAIL, "+tag@gmail.com", "+other@gmail.com"),
        (EMAIL, "mıke@example.org", "mike@example.org"),
    ],
)
def test_different_people_are_not_suggested(kind: IdentifierKind, one: str, other: str) -> None:
    assert suggestion_key(kind, one) != suggestion_key(kind, other)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (EMAIL, "ali\u200bce@example.org"),
        (EMAIL, "no address"),
        (PHONE, "12345"),
        (IdentifierKind.CUSTOMER_ID, "c1"),
        (IdentifierKind.VISITOR, "v1"),
    ],
)
def test_unclear_values_and_machine_ids_suggest_nothing(kind: IdentifierKind, value: str) -> None:
    assert suggestion_key(kind, value) == ""


@settings(max_examples=500, deadline=None)
@given(kinds, ANY)
def test_suggestion_key_is_a_function_of_the_join_key_and_never_is_one(kind: IdentifierKind, text: str) -> None:
    value, key = canonical(kind, text)
    suggested = suggestion_key(kind, text)
    assert suggested == suggestion_key(kind, value)
    assert not suggested or suggested.startswith(PREFIX)
    assert not suggested or suggested != key
