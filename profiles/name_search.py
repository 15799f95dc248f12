"""Customers by what they were ever called: whole words, beginnings, and what is a slip or two away.

A word of four letters and more is kept with each of its letters left out once, and as its consonants. Two spellings
that are one slip apart share one of the former, Mohammed and Muhammad the latter; what is found is then compared.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from profiles.terms import Term
from profiles.words import Word, words_in

#: Traits that are names of somebody. The index `trait_unsearched` lists the same.
NAMED = ("name", "username", "company")
#: Names read for one question and closeness; who has more namesakes needs a second word.
MOST_READ = 300
#: Closer names that make looking for farther ones needless.
ENOUGH = 20
#: Names that came too recently to be indexed are compared one by one, up to so many.
MOST_UNINDEXED = 1_000
_SHORTEST_WITH_SLIPS = 4
_SHORTEST_WITH_TWO_SLIPS = 6
_FEWEST_CONSONANTS = 3

_VOWELS = re.compile("[aeiouy]")
_TWICE = re.compile(r"(.)\1+")


@dataclass(frozen=True, slots=True)
class NameFound:
    """A name that the terms are found in. `slips` is 0 for whole words, then by how much it differs."""

    profile_id: int
    trait: str
    value: str
    slips: int
    last_seen: datetime


def find_names(terms: Sequence[Term]) -> list[NameFound]:
    """Names in which every term is found, the closest and last told first; every name once for each customer."""
    if not terms:
        return []
    found = _compared(_read("t.words IS NULL ORDER BY t.id DESC", MOST_UNINDEXED), terms)
    for query in _queries(terms):
        found += _compared(_read("t.words @@ %s::tsquery", MOST_READ, query), terms)
        if len(found) >= ENOUGH:
            break
    best: dict[tuple[int, str], NameFound] = {}
    for each in sorted(found, key=lambda each: (each.slips, -each.last_seen.timestamp(), each.profile_id)):
        best.setdefault((each.profile_id, each.value), each)
    return list(best.values())


def index_names(limit: int = 500) -> int:
    """Up to `limit` names that could not be searched yet can be; returns how many.

    Rows that somebody else holds are left for the next time: nobody waits for the other.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, value FROM profiles_trait WHERE words IS NULL AND name IN {NAMED}"  # noqa: S608
            " ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
            [limit],
        )
        rows = cursor.fetchall()
        cursor.execute(
            "UPDATE profiles_trait t SET words = f.words::tsvector"
            " FROM unnest(%s::bigint[], %s::text[]) AS f(id, words) WHERE t.id = f.id",
            [[pk for pk, _ in rows], [_as_tsvector(words_in(value)) for _, value in rows]],
        )
    return len(rows)


_Row = tuple[int, str, str, datetime]


def _read(condition: str, most: int, *parameters: str) -> list[_Row]:
    """The profile, trait, value and last time of names that stand and meet the condition."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.profile_id, t.name, t.value, t.last_seen FROM ("  # noqa: S608
            f" SELECT * FROM profiles_trait t WHERE t.name IN {NAMED} AND t.withdrawn_by_id IS NULL AND {condition}"
            " LIMIT %s) t JOIN profiles_channelidentity c ON c.id = t.channel_identity_id",
            [*parameters, most],
        )
        return list(cursor.fetchall())


def _queries(terms: Sequence[Term]) -> Iterator[str]:
    """From whole words to slips, so that the closest are read where there are too many."""
    exact = " & ".join(Term(term.words).as_tsquery() for term in terms)
    yield exact
    beginning = " & ".join(term.as_tsquery() for term in terms)
    if beginning != exact:
        yield beginning
    near = " & ".join(_near_query(term) for term in terms)
    if near != beginning:
        yield near


def _near_query(term: Term) -> str:
    keys = "".join(f" | '{key}'" for key in sorted(_slip_keys(term.words[0]))) if len(term.words) == 1 else ""
    return f"({term.as_tsquery()}{keys})"


def _compared(rows: Iterable[_Row], terms: Sequence[Term]) -> list[NameFound]:
    found = []
    for profile_id, trait, value, last_seen in rows:
        words = words_in(value)
        slips = [
            min((n for word in words if (n := _slips(term, word.text)) is not None), default=None) for term in terms
        ]
        known = [n for n in slips if n is not None]
        if len(known) == len(slips):
            found.append(NameFound(profile_id, trait, value, sum(known), last_seen))
    return found


def _slips(term: Term, word: str) -> int | None:
    """0 for the word itself, 1 for its beginning, more for slips; None for another word.

    Of a phrase its last word is compared: that the others stand before it was asked of the index.
    """
    wanted = term.words[-1]
    if word == wanted:
        return 0
    if term.is_beginning and word.startswith(wanted):
        return 1
    most = 2 if min(len(word), len(wanted)) >= _SHORTEST_WITH_TWO_SLIPS else 1
    if len(term.words) > 1 or min(len(word), len(wanted)) < _SHORTEST_WITH_SLIPS or abs(len(word) - len(wanted)) > most:
        return None
    slips = distance(wanted, word)
    return 1 + slips if slips <= most else None


def _as_tsvector(words: Sequence[Word]) -> str:
    """Words with their places, and the keys of their slips without."""
    parts = [f"'{word.text}':{place}" for place, word in enumerate(words, start=1)]
    keys = {key for word in words if not word.is_gram for key in _slip_keys(word.text)}
    return " ".join([*parts, *(f"'{key}'" for key in sorted(keys))])


def _slip_keys(word: str) -> set[str]:
    """What the word shares with those one slip away. A mark in front keeps them apart from words."""
    if len(word) < _SHORTEST_WITH_SLIPS or word.isdecimal():
        return set()
    keys = {f"~{word}"} | {f"~{word[:n]}{word[n + 1 :]}" for n in range(len(word))}
    consonants = _TWICE.sub(r"\1", _VOWELS.sub("", word)) if word.isascii() else ""
    return keys | ({f"^{consonants}"} if len(consonants) >= _FEWEST_CONSONANTS else set())


def distance(one: str, other: str) -> int:
    """How many letters must be added, left out, replaced or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        before, previous, row = row, before, [i]
        for j, b in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                cost = min(cost, previous[j - 2] + 1)
            row.append(cost)
    return row[-1]
