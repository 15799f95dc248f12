"""Whether two profiles look alike although nothing proved ties them: reasons for a human to look, never a join.

The rules are the table below. A name is only ever the second reason. Vetoes: first names that are clearly different,
other dates of birth, other customer ids of one scope. What is shared, generic or blocked says nothing. Address, city
and surname are not asked at all: they find households.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from profiles.identity.canonical import canonical
from profiles.identity.names import (
    PersonName,
    is_clearly_different,
    is_one_slip,
    is_same_full_name,
    person_name,
    says_more_than,
)
from profiles.identity.suggestion import suggestion_key
from profiles.identity.values import IdentifierKind, IdentifierStatus
from profiles.identity.worth import Reason, worthless

_T = TypeVar("_T")

NAME, USERNAME, BIRTH_DATE = "name", "username", "birth_date"

_LAST_DIGITS = 9  # leave out the country code and the trunk zero; as in `suggestion`
_SHORTEST_LOCAL = 5  # shorter ones are initials and first names, which say no more than the name
_SHORTEST_USERNAME = 4
_ISO_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:T.*)?")
#: What forms and programs fill in.
_NO_BIRTH = frozenset({"1900-01-01", "1970-01-01", "2000-01-01"})


@dataclass(frozen=True, slots=True)
class Named:
    """A name as some source told it; an agent's word outranks what people and shops call themselves."""

    value: str
    source: str = ""
    is_by_agent: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """An identifier of a profile. `is_shared`: it was several people's in some epoch; `is_claim`: nothing proved it."""

    kind: str
    value: str
    scope: str = ""
    is_claim: bool = False
    status: str = IdentifierStatus.NORMAL
    is_shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a profile, or one channel identity, shows of a person."""

    names: tuple[Named, ...] = ()
    identifiers: tuple[Held, ...] = ()
    usernames: tuple[str, ...] = ()
    birth_dates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Contact:
    """A usable phone number or e-mail address; `near` is what those that may be the same one share."""

    value: str
    key: str
    near: str
    is_claim: bool


@dataclass(frozen=True, slots=True)
class Looks:
    """`Shown`, prepared for comparing: only what may speak for or against a pair."""

    names: tuple[tuple[PersonName, str], ...]
    emails: tuple[_Contact, ...]
    phones: tuple[_Contact, ...]
    usernames: tuple[str, ...]
    birth_dates: tuple[str, ...]
    customer_ids: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Fact:
    """One reason, as a review stores it. The two values are sorted, so that a pair has one reason either way round."""

    code: str
    kind: str
    value: str
    other: str

    def as_reason(self) -> dict[str, str]:
        return {"code": self.code, "kind": self.kind, "value": self.value, "other": self.other}


@dataclass(frozen=True, slots=True)
class Alike:
    """Why two look alike, the best reason first; `weight` only orders pairs, it is no probability.

    `name_keys`: everything rests on the name, so it says something only while nobody else has one of these keys.
    """

    facts: tuple[Fact, ...]
    weight: int
    name_keys: frozenset[str] = frozenset()


Finder = Callable[[Looks, Looks], Iterator[Fact]]


def compare(one: Looks, other: Looks) -> Alike | None:
    """The reasons to have a look at the pair, the same for both orders; None when there are none or a veto stands."""
    name = min(_same_names(one, other), default=None, key=_order)
    found = [
        (finder, weight, fact)
        for finder, weight, needs_name in _RULES
        if (name or not needs_name) and (fact := min(finder(one, other), default=None, key=_order))
    ]
    is_mailbox = any(finder is _mailboxes for finder, *_ in found)
    if not found or _have_other_names(one, other) or _have_other_birth_dates(one, other, is_mailbox=is_mailbox):
        return None
    if _have_other_customer_ids(one, other) and not any(_mail_typos(one, other)):
        return None
    facts = dict.fromkeys(fact for *_, fact in found)
    weight = sum(weight for _, weight, _ in found) + (_NAME_WEIGHT if name else 0)
    rests_on_name = all(finder is _name_mailboxes for finder, *_ in found)
    name_keys = frozenset(map(_name_key, _full_names(one) & _full_names(other))) if rests_on_name else frozenset()
    return Alike((*facts, *([name] if name else [])), weight, name_keys)


def keys_of(looks: Looks) -> set[str]:
    """What any two that look alike have at least one of in common, as long as no key is everybody's.

    The combined keys find the namesakes among people of a name that is too frequent to look at them all.
    """
    names = _full_names(looks)
    tails = {phone.near for phone in looks.phones}
    keys = set(map(_name_key, names))
    keys |= {f"email {email.near}" for email in looks.emails}
    keys |= {f"local {local}" for email in looks.emails if (local := _local(email))}
    keys |= {f"phone {tail}" for tail in tails}
    keys |= {f"username {username}" for username in looks.usernames}
    keys |= {f"birth {name} {date}" for name in names for date in looks.birth_dates}
    for name in names:
        # A slip in the first digits leaves the last four as they are and the other way round; a change of places
        # leaves the digits.
        for tail in tails:
            keys |= {f"end {name} {tail[-4:]}", f"start {name} {tail[:-4]}", f"digits {name} {''.join(sorted(tail))}"}
    return keys


def looks_of(shown: Shown) -> Looks:
    """What of `shown` counts."""
    told = [name for name in shown.names if name.is_by_agent] or shown.names
    names = {(name, each.value): None for each in told if (name := _person_name(each.value))}
    users = {user.removeprefix("@").casefold() for user in shown.usernames}
    dates = {match[1] for date in shown.birth_dates if (match := _ISO_DATE.fullmatch(date.strip()))}
    ids = {(h.scope, h.value) for h in shown.identifiers if h.kind == IdentifierKind.CUSTOMER_ID and not h.is_claim}
    return Looks(
        names=tuple(names),
        emails=tuple(_contacts(shown.identifiers, IdentifierKind.EMAIL)),
        phones=tuple(_contacts(shown.identifiers, IdentifierKind.PHONE)),
        usernames=tuple(sorted(user for user in users if len(user) >= _SHORTEST_USERNAME)),
        birth_dates=tuple(sorted(dates - _NO_BIRTH)),
        customer_ids=frozenset(ids),
    )


def _contacts(held: Iterable[Held], kind: IdentifierKind) -> Iterator[_Contact]:
    for each in held:
        if each.kind == kind and not each.is_shared and (near := _near(kind, each.value, each.status)):
            yield _Contact(each.value, canonical(kind, each.value)[1], near, each.is_claim)


@lru_cache(maxsize=20_000)  # the same people are compared again and again, and a number costs 60 microseconds
def _near(kind: IdentifierKind, value: str, status: str) -> str:
    """What an identifier shares with those it may have been meant to be; empty when it says nothing about a person."""
    reason = worthless(kind, value, reserved_domains=frozenset())
    if kind is IdentifierKind.PHONE and (reason, status) == (Reason.IMPOSSIBLE, IdentifierStatus.GENERIC):
        reason, status = "", IdentifierStatus.NORMAL  # written without its country code: joins nobody, still tells
    if reason or status != IdentifierStatus.NORMAL:
        return ""
    if kind is IdentifierKind.PHONE:
        return canonical(kind, value)[1].lstrip("+")[-_LAST_DIGITS:]
    return suggestion_key(kind, value)


_person_name = lru_cache(maxsize=20_000)(person_name)


def _same_names(one: Looks, other: Looks) -> Iterator[Fact]:
    for mine, text in one.names:
        for theirs, other_text in other.names:
            if is_same_full_name(mine, theirs):
                yield _fact(NAME, text, other_text, code="same_name")


def _mailboxes(one: Looks, other: Looks) -> Iterator[Fact]:
    """E-mail addresses that their provider may not tell apart, with a usual slip, or that both only claim."""
    yield from _mail_typos(one, other)
    for mine, theirs in _pairs(one.emails, other.emails):
        if mine.key == theirs.key and mine.is_claim and theirs.is_claim:
            yield _fact(IdentifierKind.EMAIL, mine.value, theirs.value)


def _mail_typos(one: Looks, other: Looks) -> Iterator[Fact]:
    for mine, theirs in _pairs(one.emails, other.emails):
        if mine.near == theirs.near and mine.key != theirs.key:
            yield _fact(IdentifierKind.EMAIL, mine.value, theirs.value)


def _local_parts(one: Looks, other: Looks) -> Iterator[Fact]:
    """The same before the @ of two domains, when it says more than the name."""
    yield from _same_locals(one, other, more=True)


def _name_mailboxes(one: Looks, other: Looks) -> Iterator[Fact]:
    """The same before the @ of two domains, and it is just the name: something if the name is rare."""
    yield from _same_locals(one, other, more=False)


def _same_locals(one: Looks, other: Looks, *, more: bool) -> Iterator[Fact]:
    names = [name for name, _ in (*one.names, *other.names)]
    for mine, theirs in _pairs(one.emails, other.emails):
        local = _local(mine)
        if mine.near != theirs.near and local and local == _local(theirs) and says_more_than(local, names) is more:
            yield _fact(IdentifierKind.EMAIL, mine.value, theirs.value)


def _mail_slips(one: Looks, other: Looks) -> Iterator[Fact]:
    """One letter of the address differs. Only letters: anna.berg1@ and anna.berg2@ are two people's."""
    for mine, theirs in _pairs(one.emails, other.emails):
        if is_one_slip(mine.near, theirs.near) and all(
            (a + b).isalpha() for a, b in zip(mine.near, theirs.near, strict=True) if a != b
        ):
            yield _fact(IdentifierKind.EMAIL, mine.value, theirs.value)


def _numbers(one: Looks, other: Looks) -> Iterator[Fact]:
    """Phone numbers with a slip, with and without country code, or that both only claim."""
    for mine, theirs in _pairs(one.phones, other.phones):
        is_unproved = mine.is_claim and theirs.is_claim
        if is_unproved if mine.key == theirs.key else mine.near == theirs.near or is_one_slip(mine.key, theirs.key):
            yield _fact(IdentifierKind.PHONE, mine.value, theirs.value)


def _usernames(one: Looks, other: Looks) -> Iterator[Fact]:
    yield from (_fact(USERNAME, user, user) for user in set(one.usernames) & set(other.usernames))


def _birth_dates(one: Looks, other: Looks) -> Iterator[Fact]:
    yield from (_fact(BIRTH_DATE, date, date) for date in set(one.birth_dates) & set(other.birth_dates))


#: What speaks for a pair, how much, and whether only beside the same full name.
_RULES: tuple[tuple[Finder, int, bool], ...] = (
    (_mailboxes, 8, False),
    (_birth_dates, 6, True),
    (_numbers, 6, True),
    (_usernames, 5, True),
    (_local_parts, 4, True),
    (_mail_slips, 4, True),
    (_name_mailboxes, 2, True),
)
_NAME_WEIGHT = 4
_GENERATION_YEARS = 14


def _have_other_names(one: Looks, other: Looks) -> bool:
    """Whether every name of one is clearly not the other's."""
    names = [(mine, theirs) for mine, _ in one.names for theirs, _ in other.names]
    return bool(names) and all(is_clearly_different(*pair) for pair in names)


def _have_other_birth_dates(one: Looks, other: Looks, *, is_mailbox: bool) -> bool:
    """Whether the dates of birth are more than a slip apart; beside one mailbox, a generation.

    Dates are mistyped more freely than addresses: on fake_1000 a slip's room alone costs 13 points of recall.
    """
    dates = _pairs(one.birth_dates, other.birth_dates)
    if is_mailbox:
        return bool(dates) and all(abs(int(a[:4]) - int(b[:4])) >= _GENERATION_YEARS for a, b in dates)
    return bool(dates) and not any(a == b or is_one_slip(a, b) for a, b in dates)


def _have_other_customer_ids(one: Looks, other: Looks) -> bool:
    scopes = {scope for scope, _ in one.customer_ids} & {scope for scope, _ in other.customer_ids}
    return any(
        {i for s, i in one.customer_ids if s == scope}.isdisjoint({i for s, i in other.customer_ids if s == scope})
        for scope in scopes
    )


def _full_names(looks: Looks) -> set[str]:
    return {" ".join(name.long_words) for name, _ in looks.names if name.is_full}


def _name_key(full_name: str) -> str:
    return f"name {full_name}"


def _local(email: _Contact) -> str:
    local = email.key.rpartition("@")[0].partition("+")[0]
    return local if len(local) >= _SHORTEST_LOCAL else ""


def _pairs(mine: Iterable[_T], theirs: Iterable[_T]) -> list[tuple[_T, _T]]:
    others = list(theirs)
    return [(a, b) for a in mine for b in others]


def _fact(kind: str, value: str, other: str, *, code: str = "alike") -> Fact:
    value, other = sorted((value, other))
    return Fact(code, str(kind), value, other)


def _order(fact: Fact) -> tuple[str, str]:
    return fact.value, fact.other
