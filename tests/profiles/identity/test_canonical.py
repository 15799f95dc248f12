"""Canonical forms, as a table of numbers and a few laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.identity.canonical import canonical, email_join_key, is_valid_phone, phone_join_key, phone_value
from profiles.identity.values import IdentifierKind


@pytest.mark.parametrize(
    ("received", "value", "join_key"),
    [
        ("16505551234", "+16505551234", "+16505551234"),
        ("+1 (650) 555-1234", "+16505551234", "+16505551234"),
        ("0044 7700 900123", "+447700900123", "+447700900123"),
        ("whatsapp:+447700900123", "+447700900123", "+447700900123"),
        # Brazil: an eight-digit mobile gains the 9, a landline never does.
        ("553188880000", "+553188880000", "+5531988880000"),
        ("5531988880000", "+5531988880000", "+5531988880000"),
        ("553132224444", "+553132224444", "+553132224444"),
        # Mexico: 521 is the legacy form of 52. Argentina: 549 is the mobile form of 54.
        ("5215555500000", "+5215555500000", "+525555500000"),
        ("525555500000", "+525555500000", "+525555500000"),
        ("5491155550000", "+5491155550000", "+541155550000"),
        ("541155550000", "+541155550000", "+541155550000"),
        ("", "", ""),
        ("no digits", "", ""),
    ],
)
def test_phone_is_kept_as_received_and_joined_by_its_variants(received: str, value: str, join_key: str) -> None:
    assert (phone_value(received), phone_join_key(received)) == (value, join_key)
    assert canonical(IdentifierKind.PHONE, received) == (value, join_key)


@given(st.text(alphabet="0123456789+ ()-", max_size=20))
def test_canonical_forms_are_stable(text: str) -> None:
    assert phone_value(phone_value(text)) == phone_value(text)
    assert phone_join_key(phone_join_key(text)) == phone_join_key(text)


@pytest.mark.parametrize(
    ("one", "other"), [("mıke@example.org", "mike@example.org"), ("ſam@example.org", "sam@example.org")]
)
def test_look_alike_letters_do_not_make_mailboxes_equal(one: str, other: str) -> None:
    assert email_join_key(one) != email_join_key(other)
    assert email_join_key("Mike@Example.ORG ") == "mike@example.org"


def test_variants_of_a_valid_number_are_valid() -> None:
    assert is_valid_phone("553188880000")
    assert is_valid_phone("5215555500000")
    assert not is_valid_phone("+1111")
