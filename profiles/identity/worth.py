"""What an incoming identifier is worth: whether it may join people, and if not, why.

Two ways to be worthless. *Blocked*: a placeholder, or nobody's address; it never joins and is never shown as this
person's. *Generic*: a real address that stands for several people or for a service; it is shown and joins nobody.
The rules are the tables below, read from top to bottom; the first that applies is the reason.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

import phonenumbers
from phonenumbers import PhoneNumberType, ValidationResult

from profiles.identity.canonical import LONGEST_VALUE, canonical, is_valid_phone
from profiles.identity.mailbox import SURROUNDING_SPACE, domain_key, has_hidden, is_dot_atom
from profiles.identity.values import IdentifierKind, IdentifierStatus
from profiles.identity.worth_lists import (
    MACHINE_MAILBOX,
    PERSONAL_NAMES,
    PROGRAM_PLACEHOLDERS,
    RESERVED_DOMAINS,
    ROLES,
    TYPED_PLACEHOLDERS,
)


class Reason(StrEnum):
    """Why an identifier joins nobody: a short code, stable, for records and the "why" page."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    PLACEHOLDER = "placeholder"
    UNCLEAR = "unclear"  # an e-mail address with invisible or look-alike characters
    MALFORMED = "malformed"  # nothing that could be written to
    RESERVED_DOMAIN = "reserved_domain"
    OWN = "own"
    ALPHANUMERIC = "alphanumeric"
    SHORT_CODE = "short_code"
    IMPOSSIBLE = "impossible"
    SERVICE_NUMBER = "service_number"
    ROLE = "role"


#: Shown with the person that used it; everything else that is worthless is blocked.
GENERIC = frozenset({Reason.ALPHANUMERIC, Reason.SHORT_CODE, Reason.IMPOSSIBLE, Reason.SERVICE_NUMBER, Reason.ROLE})

#: A program's own spelling of nothing or of a template that was never filled in.
_LEFTOVER = re.compile(r"\[object \w+\]|\{\{.*\}\}|\$\{.*\}|<%.*%>|%[a-z_.]+%|<\w+>", re.DOTALL)
_QUOTES = "\"'`´“”„‘’‚«»"
_ZEROS = re.compile(r"[0-]+")  # Segment suggests ^[0-]*$; it covers the nil UUID
_RUNS = ("01234567890123456789", "98765432109876543210")
_REPEATED = 6  # from so many equal characters on nobody believes an id
_RUNNING = 7  # 1234567 and longer; shorter ones are ids that a small shop did issue
_SHORTEST_CODE = 3  # 112; less is -1 and the like
_REPEATED_END = 8  # +55 11 99999-9999: a real area code before it

_MACHINE = re.compile(MACHINE_MAILBOX)
#: Numbers behind which no single customer sits. Source: libphonenumber, PhoneNumberType.
_SERVICE_TYPES = frozenset(
    {
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)
#: E.164 gives at most 15 digits. Below 9 only the numbering plan tells a small country's number from a short code.
_E164 = re.compile(r"\+[1-9]\d{8,14}")
_SHORTER = re.compile(r"\+[1-9]\d{0,7}")


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question: the identifier as received, as stored and as compared, and what the caller knows."""

    raw: str
    value: str
    key: str
    attested: bool
    own: AbstractSet[str]
    reserved_domains: AbstractSet[str]

    @property
    def local(self) -> str:
        return self.key.rpartition("@")[0]

    @property
    def domain(self) -> str:
        return self.key.rpartition("@")[2]


def worthless(
    kind: IdentifierKind,
    value: str,
    *,
    attested: bool = False,
    own: AbstractSet[str] = frozenset(),
    reserved_domains: AbstractSet[str] = RESERVED_DOMAINS,
) -> str:
    """Empty when the value may join people, else a `Reason`. It judges the value alone: an order still joins nobody.

    `attested`: the provider itself vouches for the number, so a run of digits that does exist is no placeholder.
    `own`: join keys of our own lines and mailboxes; `box+anything@` is `box@`. `reserved_domains`: the domains and
    endings that are nobody's; an installation for demonstration passes none.
    """
    stored, key = canonical(kind, value)
    asked = _Asked(value, stored, key, attested, own, reserved_domains)
    return next((str(reason) for reason, applies in _RULES[kind] if applies(asked)), "")


def status_for(reason: str) -> IdentifierStatus:
    """The identifier status that a reason of `worthless` asks for."""
    if not reason:
        return IdentifierStatus.NORMAL
    return IdentifierStatus.GENERIC if reason in GENERIC else IdentifierStatus.BLOCKED


def is_own(kind: str, value: str, own: AbstractSet[str]) -> bool:
    """Whether a phone number or e-mail address is ours, by join keys of our lines; `box+anything@` is `box@`."""
    rule = {IdentifierKind.PHONE: _is_own_number, IdentifierKind.EMAIL: _is_own_mailbox}.get(IdentifierKind(kind))
    if rule is None or not own:
        return False
    stored, key = canonical(IdentifierKind(kind), value)
    return rule(_Asked(value, stored, key, attested=False, own=own, reserved_domains=frozenset()))


@lru_cache(maxsize=20_000)  # the partition asks for every sighting, and a number costs 60 microseconds
def status_by_form(kind: str, value: str) -> str:
    """The status that the form of a value or join key gives it; empty when nothing speaks against it.

    Reserved domains are left to join: typed they are claims anyway, imported for many they turn generic by their
    anchors, and demonstrations and tests live on them.
    """
    reason = worthless(IdentifierKind(kind), value, reserved_domains=frozenset())
    return str(status_for(reason)) if reason else ""


def is_worthless(kind: str, value: str) -> bool:
    """Whether a value of that form joins nobody."""
    return bool(status_by_form(kind, value))


def _is_placeholder(asked: _Asked) -> bool:
    text = _bare(asked)
    return not text or text in PROGRAM_PLACEHOLDERS or _LEFTOVER.fullmatch(text) is not None or _is_filler(text)


def _is_typed_placeholder(asked: _Asked) -> bool:
    return _bare(asked) in TYPED_PLACEHOLDERS


def _bare(asked: _Asked) -> str:
    """Without the quotes that a program left on, in one case and width: only for finding placeholders."""
    text = unicodedata.normalize("NFKC", asked.value or asked.raw)
    return text.strip(_QUOTES + SURROUNDING_SPACE).casefold()


def _is_filler(text: str) -> bool:
    """Keys held down or struck in a row: 0, 000-000, 111111, 1234567, 9876543210."""
    if _ZEROS.fullmatch(text):
        return True
    solid = text.replace("-", "")
    if len(solid) >= _REPEATED and len(set(solid)) == 1:
        return True
    return len(text) >= _RUNNING and any(text in run for run in _RUNS)


def _is_filler_number(asked: _Asked) -> bool:
    digits = asked.key.removeprefix("+")
    if asked.attested and is_valid_phone(asked.value):
        return False
    end = digits[-_REPEATED_END:]
    if len(digits) < _SHORTEST_CODE or not digits.strip("0") or (len(end) == _REPEATED_END and len(set(end)) == 1):
        return True
    return _is_filler(digits) or _is_filler(_national(asked.key))


def _national(key: str) -> str:
    number = _parsed(key)
    return "" if number is None else phonenumbers.national_significant_number(number)


@lru_cache(maxsize=1_000)  # several rules ask about one number
def _parsed(key: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(key)
    except phonenumbers.NumberParseException:
        return None


def _is_short_code(asked: _Asked) -> bool:
    if not _SHORTER.fullmatch(asked.value):
        return False
    number = _parsed(asked.value)
    return number is None or phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE


def _is_impossible(asked: _Asked) -> bool:
    return not _E164.fullmatch(asked.value) and not _SHORTER.fullmatch(asked.value)


def _is_service_number(asked: _Asked) -> bool:
    numbers = filter(None, map(_parsed, {asked.value, asked.key}))
    return any(phonenumbers.number_type(number) in _SERVICE_TYPES for number in numbers)


def _is_unclear(asked: _Asked) -> bool:
    return not asked.key.isascii() and (has_hidden(asked.key) or not domain_key(asked.domain))


def _is_malformed(asked: _Asked) -> bool:
    return not is_dot_atom(asked.local) or not domain_key(asked.domain)


def _is_placeholder_mailbox(asked: _Asked) -> bool:
    """`null@shop.example`, `111111@web.example`, and those that repeat themselves: `test@test.com`, `a@a.de`."""
    name = asked.domain.partition(".")[0]
    words = PROGRAM_PLACEHOLDERS | TYPED_PLACEHOLDERS
    if asked.local == name and (name in words or len(set(name)) == 1):
        return True
    return asked.local in words - ROLES - PERSONAL_NAMES or _is_filler(asked.local)


def _is_reserved(asked: _Asked) -> bool:
    labels = asked.domain.split(".")
    return any(".".join(labels[at:]) in asked.reserved_domains for at in range(len(labels)))


def _is_own_number(asked: _Asked) -> bool:
    return asked.key in asked.own


def _is_own_mailbox(asked: _Asked) -> bool:
    """Ours with any tag: replies to `support+t42.k9x@` come back to us."""
    untagged = asked.local.partition("+")[0]
    return not asked.own.isdisjoint({asked.key, f"{untagged}@{asked.domain}"})


def _is_role(asked: _Asked) -> bool:
    decomposed = unicodedata.normalize("NFD", asked.local)
    plain = "".join(c for c in decomposed if c not in "._-" and not unicodedata.combining(c))
    return plain.partition("+")[0] in ROLES or _MACHINE.match(plain) is not None


Rule = tuple[Reason, Callable[[_Asked], bool]]

_ANY: tuple[Rule, ...] = (
    (Reason.EMPTY, lambda asked: not asked.raw.strip(SURROUNDING_SPACE)),
    (Reason.TOO_LONG, lambda asked: not asked.value and len(asked.raw) > LONGEST_VALUE),
    (Reason.PLACEHOLDER, _is_placeholder),
)
_PHONE: tuple[Rule, ...] = (
    *_ANY,
    (Reason.PLACEHOLDER, _is_typed_placeholder),
    (Reason.ALPHANUMERIC, lambda asked: not asked.value and any(map(str.isalpha, asked.raw))),
    (Reason.MALFORMED, lambda asked: not asked.value),
    (Reason.PLACEHOLDER, _is_filler_number),
    (Reason.OWN, _is_own_number),
    (Reason.SHORT_CODE, _is_short_code),
    (Reason.IMPOSSIBLE, _is_impossible),
    (Reason.SERVICE_NUMBER, _is_service_number),
)
_EMAIL: tuple[Rule, ...] = (
    *_ANY,
    (Reason.PLACEHOLDER, _is_typed_placeholder),
    (Reason.UNCLEAR, _is_unclear),
    (Reason.MALFORMED, _is_malformed),
    (Reason.PLACEHOLDER, _is_placeholder_mailbox),
    (Reason.OWN, _is_own_mailbox),
    (Reason.RESERVED_DOMAIN, _is_reserved),
    (Reason.ROLE, _is_role),
)
_RULES: Mapping[IdentifierKind, tuple[Rule, ...]] = MappingProxyType(
    {**dict.fromkeys(IdentifierKind, _ANY), IdentifierKind.PHONE: _PHONE, IdentifierKind.EMAIL: _EMAIL}
)
