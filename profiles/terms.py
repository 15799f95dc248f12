"""What somebody asked for, as terms: each must be found, and `occurrences` says where."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from profiles.words import Word, words_in

#: Terms of one question; what is behind them is not asked for.
MOST_TERMS = 12
#: A beginning that is shorter would match half the language.
SHORTEST_BEGINNING = 2

_QUOTED = re.compile('["“”„«»]([^"“”„«»]*)["“”„«»]')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must stand beside each other, in this order; of a beginning the last need only begin like that."""

    words: tuple[str, ...]
    is_beginning: bool = False

    def as_tsquery(self) -> str:
        """The term in PostgreSQL's notation. Words hold letters and digits only, so nothing can break the quotes."""
        quoted = [f"'{word}'" for word in self.words]
        quoted[-1] += ":*" if self.is_beginning else ""
        return f"({' <-> '.join(quoted)})" if len(quoted) > 1 else quoted[0]


def terms_of(asked: str) -> list[Term]:
    """The terms of a question: what stands in quotes as it is, every other word for itself, the last as a beginning.

    A blank behind the last word ends it.
    """
    terms: list[Term] = []
    place = 0
    for quoted in _QUOTED.finditer(asked):
        terms += _plain(asked[place : quoted.start()])
        if phrase := _phrase(words_in(quoted[1])):
            terms.append(phrase)
        place = quoted.end()
    rest = _plain(asked[place:])
    if rest and asked[-1:].strip() and not rest[-1].is_beginning and len(rest[-1].words[-1]) >= SHORTEST_BEGINNING:
        rest[-1] = Term(rest[-1].words, is_beginning=True)
    return list(dict.fromkeys(terms + rest))[:MOST_TERMS]


def tsquery(terms: Sequence[Term]) -> str:
    """All terms, in PostgreSQL's notation."""
    return " & ".join(term.as_tsquery() for term in terms)


def occurrences(terms: Sequence[Term], words: Sequence[Word]) -> list[tuple[int, int]] | None:
    """Where the terms stand in the text that `words` are of, in order and without overlaps; None unless all do."""
    found: list[tuple[int, int]] = []
    for term in terms:
        places = _places(term, words)
        if not places:
            return None
        found += places
    return _joined(sorted(found))


def _plain(text: str) -> list[Term]:
    """Each word for itself; a run without spaces together."""
    terms: list[Term] = []
    run: list[Word] = []
    for word in words_in(text):
        if run and not (word.is_gram and word.start < run[-1].end):
            terms.append(_run(run))
            run = []
        if word.is_gram:
            run.append(word)
        else:
            terms.append(Term((word.text,)))
    return [*terms, _run(run)] if run else terms


def _phrase(words: Sequence[Word]) -> Term | None:
    """The words beside each other. The single character that ends a run is a beginning of any gram, so it is left out
    where the gram before it says the same."""
    kept = [w for n, w in enumerate(words) if not (n and w.is_gram and words[n - 1].is_gram and _ends_run(words, n))]
    is_single = len(kept) == 1 and kept[0].is_gram and kept[0] is words[-1]
    return Term(tuple(word.text for word in kept), is_beginning=is_single) if kept else None


def _ends_run(words: Sequence[Word], number: int) -> bool:
    before, word = words[number - 1], words[number]
    return word.start < before.end == word.end


def _run(run: Sequence[Word]) -> Term:
    phrase = _phrase(run)
    assert phrase is not None
    return phrase


def _places(term: Term, words: Sequence[Word]) -> list[tuple[int, int]]:
    size = len(term.words)
    places = []
    for number in range(len(words) - size + 1):
        there = words[number : number + size]
        if all(word.text == wanted for word, wanted in zip(there[:-1], term.words, strict=False)) and (
            there[-1].text.startswith(term.words[-1]) if term.is_beginning else there[-1].text == term.words[-1]
        ):
            places.append(_place(term, there))
    return places


def _place(term: Term, there: Sequence[Word]) -> tuple[int, int]:
    """A single character that begins a gram is itself what was found, not its neighbour too."""
    last = there[-1]
    is_single = last.is_gram and len(term.words) == 1 and term.is_beginning and len(last.text) > len(term.words[0])
    return there[0].start, last.start + len(term.words[0]) if is_single else last.end


def _joined(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in places:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
