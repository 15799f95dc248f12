"""Finding a customer by anything they were ever known by: a number, an address, an id, an order, a name."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.db import connection
from django.db.models import Max

from profiles.identity.canonical import LONGEST_VALUE, canonical, phone_value
from profiles.identity.values import IdentifierKind
from profiles.ids import id_in
from profiles.models import ChannelAccount, ChannelIdentity, Profile
from profiles.name_search import NameFound, find_names
from profiles.reading import current_profile_id, holdings
from profiles.terms import terms_of

#: Customers of one question. Whoever is not among them is found by a longer one.
MOST_FOUND = 100
#: Identifiers with the same beginning or end that are looked up, and what they need to be looked for at all.
MOST_IDENTIFIERS = 30
FEWEST_END_DIGITS = 4
FEWEST_BEGINNING = 3

#: An identifier: kind, scope, join key, value.
_Row = tuple[str, str, str, str]

#: A number as people write it; letters make it something else.
_NUMBER = re.compile(r"[\s+(]*\d[\d\s()./-]*")


@dataclass(frozen=True, slots=True)
class Matched:
    """What of a customer was found: an identifier or a name, as it was seen. `kind` is the identifier's, `name`, the
    trait's, `address` or `profile`."""

    kind: str
    value: str
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class CustomerFound:
    """A current profile and why it was found, the best reason first."""

    profile_id: int
    display_name: str
    matched: tuple[Matched, ...]


def find_customers(asked: str) -> list[CustomerFound]:
    """Up to MOST_FOUND customers, best first: what was written in full, present before past; then parts; then names."""
    asked = asked.replace("\0", " ").strip()[:LONGEST_VALUE]
    if not asked:
        return []
    found: dict[int, dict[Matched, None]] = {}
    for profile_id, matched in _everything(asked):
        if profile_id not in found and len(found) >= MOST_FOUND:
            break
        reasons = found.setdefault(profile_id, {})
        if replace(matched, is_past=not matched.is_past) not in reasons:
            reasons[matched] = None
    names = dict(Profile.objects.filter(id__in=found).values_list("id", "display_name"))
    return [CustomerFound(pk, names.get(pk, ""), tuple(reasons)) for pk, reasons in found.items()]


def _everything(asked: str) -> Iterator[tuple[int, Matched]]:
    exact = list(_in_full(asked))
    known = {profile_id for profile_id, _ in exact}
    exact += [each for each in _by_address(asked) if each[0] not in known]
    yield from (each for each in exact if not each[1].is_past)
    yield from (each for each in exact if each[1].is_past)
    yield from _by_profile_id(asked)
    is_name = any(c.isalpha() for c in asked) and "@" not in asked
    if is_name or not exact:  # who wrote a whole number or address looks for no longer one
        yield from _in_part(asked)
    if is_name:
        yield from _named(find_names(terms_of(asked)))


def _in_full(asked: str) -> Iterator[tuple[int, Matched]]:
    """Holders of the identifier, whatever its kind; with a sharp sign in front too, as numbers are told."""
    keys = {(str(kind), canonical(kind, text)[1]) for kind in IdentifierKind for text in (asked, asked.lstrip("#"))}
    yield from _held(_identifiers(keys))


def _in_part(asked: str) -> Iterator[tuple[int, Matched]]:
    """Holders of identifiers that begin or end like what was asked: a national number, a domain, the last digits."""
    plain = asked.lstrip("#").lower()
    if " " not in plain and len(plain) >= FEWEST_BEGINNING:
        yield from _held(_identifiers_like("lower(join_key)", plain))
        if plain.startswith("@"):
            yield from _held(_identifiers_like("reverse(join_key)", plain[::-1], kind="email"))
    if _NUMBER.fullmatch(asked):
        digits = phone_value(asked).removeprefix("+")
        is_international = asked.lstrip().startswith(("+", "00"))
        if is_international and len(digits) > FEWEST_BEGINNING:
            yield from _held(_identifiers_like("lower(join_key)", f"+{digits}", kind="phone"))
        elif len(national := digits.lstrip("0")) >= FEWEST_END_DIGITS:
            yield from _held(_identifiers_like("reverse(join_key)", national[::-1], kind="phone"))


def _held(identifiers: Iterable[_Row]) -> Iterator[tuple[int, Matched]]:
    rows = list({(kind, scope, key): (kind, scope, key, value) for kind, scope, key, value in identifiers}.values())
    held = holdings([(kind, key, scope) for kind, scope, key, _ in rows])
    for (kind, _, _, value), holding in zip(rows, held, strict=True):
        for profile_id, is_present in holding.items():
            yield profile_id, Matched(kind, value, is_past=not is_present)


def _identifiers(keys: Iterable[tuple[str, str]]) -> list[_Row]:
    wanted = sorted(key for key in keys if key[1])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.* FROM unnest(%s::text[], %s::text[]) AS f(kind, join_key) CROSS JOIN LATERAL ("
            "  SELECT kind, scope, join_key, value FROM profiles_identifier i"
            "  WHERE i.kind = f.kind AND i.join_key = f.join_key ORDER BY scope, id LIMIT %s) i",
            [[kind for kind, _ in wanted], [key for _, key in wanted], MOST_IDENTIFIERS],
        )
        return list(cursor.fetchall())


def _identifiers_like(form: str, beginning: str, *, kind: str | None = None) -> list[_Row]:
    """The identifiers of which `form` begins like that, in the order of the index."""
    pattern = re.sub(r"([\\%_])", r"\\\1", beginning) + "%"
    # The partial index is used only by who names its condition.
    wanted = "kind IN ('phone', 'email')" if form.startswith("reverse") else "true"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, scope, join_key, value FROM profiles_identifier"  # noqa: S608
            f" WHERE {form} LIKE %s AND {wanted} AND (%s::text IS NULL OR kind = %s)"
            f" ORDER BY {form} USING ~<~, id LIMIT %s",
            [pattern, kind, kind, MOST_IDENTIFIERS],
        )
        return list(cursor.fetchall())


def _by_address(asked: str) -> Iterator[tuple[int, Matched]]:
    """Who is reached at exactly this address, even where it identifies nobody: a short code, a visitor's number."""
    rows = ChannelIdentity.objects.filter(account__in=ChannelAccount.objects.all(), address=asked, void_in=None)
    for pk in rows.order_by("-id").values_list("profile_id", flat=True)[:MOST_FOUND]:
        yield pk, Matched("address", asked)


def _by_profile_id(asked: str) -> Iterator[tuple[int, Matched]]:
    profile_id = id_in(asked.removeprefix("#"))
    current = current_profile_id(profile_id) if profile_id is not None else None
    if current is not None:
        yield current, Matched("profile", f"#{profile_id}", is_past=current != profile_id)


def _named(names: list[NameFound]) -> Iterator[tuple[int, Matched]]:
    """Of customers whose names are equally near, the last seen first."""
    seen = dict(
        ChannelIdentity.objects.filter(profile_id__in={each.profile_id for each in names})
        .values_list("profile_id")
        .annotate(Max("last_seen"))
    )
    last = {pk: at.timestamp() if at else 0.0 for pk, at in seen.items()}
    for each in sorted(names, key=lambda each: (each.slips, -last.get(each.profile_id, 0.0), each.profile_id)):
        yield each.profile_id, Matched(each.trait, each.value)
