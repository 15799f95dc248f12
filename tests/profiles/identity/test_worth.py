"""What identifiers are worth: a table of cases, and the laws of the rules."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.identity.canonical import canonical, email_join_key
from profiles.identity.values import IdentifierKind, IdentifierStatus
from profiles.identity.worth import (
    GENERIC,
    Reason,
    is_worthless,
    status_by_form,
    status_for,
    worthless,
)
from profiles.identity.worth_lists import PROGRAM_PLACEHOLDERS, ROLES
from tests.profiles.identity.test_canonical_laws import ANY

PHONE, EMAIL = IdentifierKind.PHONE, IdentifierKind.EMAIL
CUSTOMER, VISITOR, WHATSAPP = IdentifierKind.CUSTOMER_ID, IdentifierKind.VISITOR, IdentifierKind.WHATSAPP_USER


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (CUSTOMER, "c-1042", ""),
        (CUSTOMER, "12345", ""),
        (CUSTOMER, "1111", ""),  # the 1111th customer of a small shop
        (CUSTOMER, "test", ""),  # typed placeholders bind contact data only
        (CUSTOMER, "", "empty"),
        (CUSTOMER, " \t", "empty"),
        (CUSTOMER, "x" * 400, "too_long"),
        (CUSTOMER, "0", "placeholder"),
        (CUSTOMER, "-1", "placeholder"),
        (CUSTOMER, " NULL ", "placeholder"),
        (CUSTOMER, "'undefined'", "placeholder"),
        (CUSTOMER, '"“None”"', "placeholder"),
        (CUSTOMER, "ＮａＮ", "placeholder"),
        (CUSTOMER, "[object Object]", "placeholder"),
        (CUSTOMER, "[object Window]", "placeholder"),
        (CUSTOMER, "{{ user.id }}", "placeholder"),
        (CUSTOMER, "${userId}", "placeholder"),
        (CUSTOMER, "<user_id>", "placeholder"),
        (CUSTOMER, "{6F9619FF-8B86-D011-B42D-00CF4FC964FF}", ""),
        (CUSTOMER, "00000000-0000-0000-0000-000000000000", "placeholder"),
        (CUSTOMER, "ffffffff-ffff-ffff-ffff-ffffffffffff", "placeholder"),
        (CUSTOMER, "999999", "placeholder"),
        (CUSTOMER, "123456789", "placeholder"),
        (CUSTOMER, "9876543210", "placeholder"),
        (VISITOR, "anonymous", "placeholder"),
        (VISITOR, "9b2f7c1e-1", ""),
        (WHATSAPP, "US.13491208655302741918", ""),
        (WHATSAPP, "undefined", "placeholder"),
        (IdentifierKind.ORDER, "1234567", "placeholder"),
        (PHONE, "+16505551234", ""),
        (PHONE, "+15551234567", ""),
        (PHONE, "553188880000", ""),
        (PHONE, "5215555500000", ""),
        (PHONE, "+29023456", ""),  # Saint Helena: eight digits, and a number
        (PHONE, "n/a", "placeholder"),
        (PHONE, "keine Angabe", "placeholder"),
        (PHONE, "-1", "placeholder"),
        (PHONE, "000-000", "placeholder"),
        (PHONE, "+1 111 111 1111", "placeholder"),
        (PHONE, "+1 (555) 555-5555", "placeholder"),
        (PHONE, "+33 6 66 66 66 66", "placeholder"),
        (PHONE, "+55 11 99999-9999", "placeholder"),
        (PHONE, "1234567890", "placeholder"),
        (PHONE, "+1 123 456 7890", "placeholder"),
        (PHONE, "+49 0123456789", "placeholder"),
        (PHONE, "AMAZON", "alphanumeric"),
        (PHONE, "A4526123456", "alphanumeric"),
        (PHONE, "*100#", "malformed"),
        (PHONE, "72975", "short_code"),
        (PHONE, "+7 2975000", "short_code"),
        (PHONE, "0171 1234568", "impossible"),
        (PHONE, "+49 171 1234568 / +49 171 7654321", "impossible"),
        (PHONE, "+1 800 555 1212", "service_number"),
        (PHONE, "+49 800 3301000", "service_number"),
        (PHONE, "+44 909 8790879", "service_number"),  # premium rate
        (PHONE, "+49 180 5012345", "service_number"),  # shared cost
        (PHONE, "+49 700 12345678", ""),  # a personal number is one person's
        (EMAIL, "anna@firma.de", ""),
        (EMAIL, "guest@hotel.de", ""),
        (EMAIL, "ana+info@firma.es", ""),
        (EMAIL, "jörg@münchen.de", ""),
        (EMAIL, "null", "placeholder"),
        (EMAIL, "keine@keine.de", "placeholder"),
        (EMAIL, "test@test.com", "placeholder"),
        (EMAIL, "a@a.de", "placeholder"),
        (EMAIL, "name@name.de", "placeholder"),
        (EMAIL, "undefined@firma.de", "placeholder"),
        (EMAIL, "noemail@gmail.com", "placeholder"),
        (EMAIL, "1234567@gmail.com", "placeholder"),
        (EMAIL, "alice", "malformed"),
        (EMAIL, "alice@localhost", "malformed"),
        (EMAIL, "alice@192.0.2.1", "malformed"),
        (EMAIL, "alice@[192.0.2.1]", "malformed"),
        (EMAIL, '"alice b"@firma.de', "malformed"),
        (EMAIL, "a..b@firma.de", "malformed"),
        (EMAIL, "Alice <alice@firma.de>", "malformed"),
        (EMAIL, "alice@firma.de, bob@firma.de", "malformed"),
        (EMAIL, "ali\u200bce@firma.de", "unclear"),
        (EMAIL, "alice\x00@firma.de", "unclear"),
        (EMAIL, "\u202ealice@firma.de", "unclear"),
        (EMAIL, "\u212aarl@firma.de", "unclear"),
        (EMAIL, "alice@ban\u212a.de", "unclear"),
        (EMAIL, "alice@ｆｉｒｍａ.de", "unclear"),
        (EMAIL, "alice@example.com", "reserved_domain"),
        (EMAIL, "alice@shop.example", "reserved_domain"),
        (EMAIL, "alice@mail.example.org", "reserved_domain"),
        (EMAIL, "alice@myexample.org", ""),
        (EMAIL, "INFO@firma.de", "role"),
        (EMAIL, "no-reply@firma.de", "role"),
        (EMAIL, "do_not_reply+17@firma.de", "role"),
        (EMAIL, "noreply-orders@firma.de", "role"),
        (EMAIL, "MAILER-DAEMON@mx.firma.de", "role"),
        (EMAIL, "bounces+123-alice=web.de@firma.de", "role"),
        (EMAIL, "büro@firma.de", "role"),
        (EMAIL, "Geschäftsführung@firma.de", "role"),
        (EMAIL, "ne-pas-repondre@firme.fr", "role"),
        (EMAIL, "comptabilité@firme.fr", "role"),
        (EMAIL, "atencion.al.cliente@empresa.es", "role"),
        (EMAIL, "facturación@empresa.es", "role"),
        (EMAIL, "test@gmail.com", "role"),
    ],
)
def test_identifier_is_worth(kind: IdentifierKind, value: str, reason: str) -> None:
    assert worthless(kind, value) == reason


def test_our_own_addresses_never_join_with_any_tag() -> None:
    own = frozenset({email_join_key("Support@Hub.de"), canonical(PHONE, "+49 30 5550011")[1]})
    for value in ("support@hub.de", "SUPPORT+t42.k9x@hub.de"):
        assert worthless(EMAIL, value, own=own) == Reason.OWN
    assert worthless(PHONE, "0049 30 5550011", own=own) == Reason.OWN
    assert worthless(EMAIL, "alice+support@hub.de", own=own) == ""


def test_installation_for_demonstration_lets_reserved_domains_join() -> None:
    assert worthless(EMAIL, "alice@example.org", reserved_domains=frozenset()) == ""
    assert worthless(EMAIL, "info@example.org", reserved_domains=frozenset()) == Reason.ROLE


def test_placeholders_are_blocked_and_shared_addresses_are_generic() -> None:
    assert {status_for(reason) for reason in GENERIC} == {IdentifierStatus.GENERIC}
    assert {status_for(reason) for reason in set(Reason) - GENERIC} == {IdentifierStatus.BLOCKED}
    assert status_for("") is IdentifierStatus.NORMAL


def test_form_alone_closes_an_identifier_by_its_join_key() -> None:
    assert status_by_form("phone", canonical(PHONE, "+1 800 555 1212")[1]) == "generic"
    assert status_by_form("customer_id", "null") == "blocked"
    assert status_by_form("email", "mira@example.com") == ""
    assert is_worthless("email", "info@firma.de")
    assert not is_worthless("phone", "+541155550000")  # the join key of an Argentine mobile


def test_lists_hold_only_what_a_comparison_can_meet() -> None:
    """Words are looked up in lower case, roles without separators."""
    assert all(word == word.casefold().strip() for word in PROGRAM_PLACEHOLDERS)
    assert all(word.isascii() and word.isalnum() for word in ROLES)


words = st.sampled_from([*sorted(PROGRAM_PLACEHOLDERS | ROLES), "+18005551212", "a@b.de", "x@example.com"])
wrapped = st.tuples(st.sampled_from(["", " ", "'", '"', "\x00", "\u200b"]), words).map(lambda p: p[0] + p[1] + p[0])
VALUES = st.one_of(ANY, wrapped, wrapped.map(lambda w: f"{w}@firma.de"))


@settings(max_examples=2000, deadline=None)
@given(st.sampled_from(IdentifierKind), VALUES, st.booleans())
def test_rules_are_total_and_judge_the_canonical_form_alike(kind: IdentifierKind, text: str, attested: bool) -> None:
    reason = worthless(kind, text, attested=attested)
    value, key = canonical(kind, text)
    assert reason == worthless(kind, text, attested=attested)
    assert reason == "" or reason in set(Reason)
    if value:
        assert worthless(kind, value, attested=attested) == reason
    else:
        assert reason
    if not reason:
        assert worthless(kind, key, attested=attested) == ""
