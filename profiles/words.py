"""Words as they are searched: the same however they are accented, cased, pointed or encoded, in every script.

PostgreSQL's own parser and extensions are not asked: what they make of a letter depends on the server's locale, and in
the one that the hub's own server has, pg_trgm finds nothing in Cyrillic or Chinese (docs/decisions/search.md).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

#: More is no word; what is longer is found by its beginning.
LONGEST_WORD = 64
#: PostgreSQL tells no places behind this one apart; what follows in a text is not searched.
MOST_WORDS = 16_000
#: What is folded of a word: marks that are dropped may be many.
_MOST_FOLDED = 4 * LONGEST_WORD

_MARKS = "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.category(c) in ("Mn", "Mc", "Me"))
_SOFT_HYPHEN = "\u00ad"
_SPAN = re.compile(f"(?:[^\\W_]|[{re.escape(_MARKS)}{_SOFT_HYPHEN}])+")
_ASCII_SPAN = re.compile("[a-z0-9]+")
#: Scripts that put no space between words: Thai, Lao, Burmese, Khmer, Kana, Han. Found by neighbouring characters.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_RUN = re.compile(f"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_CLUSTER = re.compile(f".[{re.escape(_MARKS)}\uff9e\uff9f]*", re.DOTALL)
#: Accents, Hebrew points and Arabic vowel signs. Marks of other scripts are letters of their own.
_DROPPED = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\u0640\u00ad]"
)
#: Letters that do not decompose into a plain one and an accent, and Arabic endings that are written either way.
_PLAIN = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "æ": "a",
        "œ": "o",
        "ı": "i",
        "þ": "th",
        "ة": "ه",
        "ى": "ي",
        "ی": "ي",
        "ک": "ك",
    }
)
#: Mueller is Müller. It is folded on both sides, so that Manuel is still found as Manuel.
_UMLAUT = re.compile("(?<=[aou])e")


@dataclass(frozen=True, slots=True)
class Word:
    """A folded word of a text and where it stands there.

    A gram is two neighbouring characters of a script without spaces; the last character of a run stands alone.
    """

    text: str
    start: int
    end: int
    is_gram: bool = False


def fold(text: str) -> str:
    """The form that all spellings of a word share; a beginning of the word folds to a beginning of this."""
    if text.isascii():
        return _UMLAUT.sub("", text.lower())
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    text = unicodedata.normalize("NFC", _DROPPED.sub("", text)).translate(_PLAIN)
    if any(c.isdecimal() and c > "9" for c in text):
        text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    return _UMLAUT.sub("", text)


def words_in(text: str) -> list[Word]:
    """The words of the text in order; neighbours in the list are neighbours in the text."""
    found = _ascii_words(text) if text.isascii() else _words(text)
    return [word for word, _ in zip(found, range(MOST_WORDS), strict=False)]


def _ascii_words(text: str) -> Iterator[Word]:
    for match in _ASCII_SPAN.finditer(text.lower()):
        yield Word(_UMLAUT.sub("", match[0])[:LONGEST_WORD], match.start(), match.end())


def _words(text: str) -> Iterator[Word]:
    for span in _SPAN.finditer(text):
        for run in _RUN.finditer(span[0]):
            start = span.start() + run.start()
            if _IS_UNSPACED.match(run[0]):
                yield from _grams(run[0], start)
            elif folded := fold(run[0][:_MOST_FOLDED]):
                yield Word(folded[:LONGEST_WORD], start, start + len(run[0]))


def _grams(run: str, start: int) -> Iterator[Word]:
    """One after the other: a run may be as long as the longest mail."""
    before: tuple[str, int, int] | None = None
    for match in _CLUSTER.finditer(run):
        folded = fold(match[0][:_MOST_FOLDED])
        if not folded:
            continue
        cluster = (folded[:LONGEST_WORD], start + match.start(), start + match.end())
        if before:
            yield Word(before[0] + cluster[0], before[1], cluster[2], is_gram=True)
        before = cluster
    if before:
        yield Word(*before, is_gram=True)
