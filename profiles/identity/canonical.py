"""Canonical forms: which differently written identifiers are the same one.

The value stays as received; only the `join_key` is canonical. Sources for the national variants: Meta, "Send messages"
(Brazil and Mexico prefixes may be modified by the Cloud API, read 2026-03) and the numbering plans behind it.
"""

import re
import unicodedata
from functools import lru_cache

import phonenumbers

from profiles.identity.mailbox import SURROUNDING_SPACE, email_join_key
from profiles.identity.values import IdentifierKind

__all__ = [
    "calling_code",
    "canonical",
    "display_phone",
    "email_join_key",
    "is_valid_phone",
    "national_number",
    "phone_join_key",
    "phone_value",
]

#: The room that the identifier table has; nothing that identifies a customer is longer.
LONGEST_VALUE = 320

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_PHONE_SCHEME = re.compile(r"\A(?:whatsapp|tel|sms):", re.IGNORECASE)
_PLAIN_NUMBER = re.compile(r"\+[0-9]+")
_NO_NUMBER = re.compile(r"[^\W\d_]|[#;*,@]")
_BRAZIL_EIGHT_DIGIT_MOBILE = re.compile(r"\+55(\d{2})([6-9]\d{7})")
_MEXICO_LEGACY_MOBILE = re.compile(r"\+521(\d{10})")
_ARGENTINA_MOBILE = re.compile(r"\+549(\d{10})")


def phone_value(text: str) -> str:
    """`text` with spaces and punctuation removed and a leading plus: `+` and digits, or empty if it is no number.

    A text with letters, an extension or a service code is no number: the sender name `A4526123456` would otherwise be
    the Danish number +4526123456, and `#5` behind a number would become its last digit.
    """
    if _PLAIN_NUMBER.fullmatch(text):
        return text
    text = _PHONE_SCHEME.sub("", text.strip(SURROUNDING_SPACE))
    if _NO_NUMBER.search(text):
        return ""
    digits = "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())
    if digits.startswith("00"):
        digits = digits.lstrip("0")
    return f"+{digits}" if digits else ""


def phone_join_key(value: str) -> str:
    """The form under which Brazilian, Mexican and Argentine variants of one mobile number are equal.

    Brazil: eight-digit mobiles (first digit 6 to 9; landlines start 2 to 5) gain the 9. Mexico: 521 loses the 1.
    Argentina: 549 loses the 9. Every other number is its own key.
    """
    value = phone_value(value)
    if match := _BRAZIL_EIGHT_DIGIT_MOBILE.fullmatch(value):
        return f"+55{match[1]}9{match[2]}"
    if match := _MEXICO_LEGACY_MOBILE.fullmatch(value):
        return f"+52{match[1]}"
    if match := _ARGENTINA_MOBILE.fullmatch(value):
        return f"+54{match[1]}"
    return value


def is_valid_phone(value: str) -> bool:
    """Whether any national variant of `value` is a number that can exist, by the numbering plans."""
    for candidate in {phone_value(value), phone_join_key(value)}:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(candidate)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def calling_code(value: str) -> int | None:
    """The country calling code of an international number; None if there is none."""
    try:
        return phonenumbers.parse(value).country_code
    except phonenumbers.NumberParseException:
        return None


def national_number(text: str, code: int) -> str:
    """A number as it is dialled within the countries of a calling code, in its international form; empty if none is."""
    try:
        parsed = phonenumbers.parse(text, phonenumbers.region_code_for_country_code(code))
    except phonenumbers.NumberParseException:
        return ""
    if parsed.extension or not phonenumbers.is_valid_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def display_phone(value: str) -> str:
    """`value` in international spacing where the numbering plan knows it, else as it is."""
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return value
    if not phonenumbers.is_possible_number(number):
        return value
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@lru_cache(maxsize=20_000)  # a batch asks a score of times for each identifier of a message
def canonical(kind: IdentifierKind, value: str) -> tuple[str, str]:
    """`(value as stored, join_key)`; both empty when there is nothing to store.

    What PostgreSQL cannot store (NUL, a lone surrogate) is shown as the replacement character, not dropped: dropped, a
    NUL in a foreign id would make it equal to another customer's.
    """
    value = _NOT_STORABLE.sub("\ufffd", value).strip(SURROUNDING_SPACE)
    if len(value) > LONGEST_VALUE:
        return "", ""
    if kind is IdentifierKind.PHONE:
        value, key = phone_value(value), phone_join_key(value)
    elif kind is IdentifierKind.EMAIL:
        key = email_join_key(value)
    else:
        key = value
    return (value, key) if value and len(key) <= LONGEST_VALUE else ("", "")


def visitor_address(value: str) -> str:
    """A visitor id as the address of whoever browses, on a line whose customers have ids as addresses too.

    Visitor 42 is not customer 42, and what looks like a phone number or a mailbox is neither.
    """
    is_plain = not value.isdecimal() and not re.search("[@:]|^[+]", value)
    return value if is_plain else f"{IdentifierKind.VISITOR}:{value}"
