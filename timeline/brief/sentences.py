"""Texts as sentences and words, in any script."""

import re
import unicodedata
from functools import lru_cache

#: Only so much of a text is read: a brief is about what people write, not about what they paste.
MOST_READ = 2_000
LONGEST_QUOTE = 140
_PART = re.compile(r"\S+")
_ADDRESS_MARKS = ("@", "://", "www.", "WWW.", "Www.")
#: The end of a sentence: a mark followed by a space, or any of the marks that need none; or the end of a line.
_END = re.compile(r"(?<=[.!?…])[\s]+|(?<=[。！？؟])\s*|\n+")
_WORD = re.compile(r"\w+")
#: Scripts that put no space between words.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")


def sentences_of(text: str) -> list[str]:
    """The sentences, without web and mail addresses."""
    plain = text[:MOST_READ]
    if any(mark in plain for mark in _ADDRESS_MARKS):
        plain = _PART.sub(lambda part: "" if _is_address(part[0]) else part[0], plain)
    return [sentence for part in _END.split(plain) if (sentence := " ".join(part.split()))]


def _is_address(part: str) -> bool:
    return "@" in part[1:-1] or "://" in part or part.startswith(_ADDRESS_MARKS[2:])


@lru_cache(maxsize=2_048)
def folded(text: str) -> str:
    """The text without case, accents and compatibility forms, apostrophes straight: how rules compare words."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("’", "'").replace("ʼ", "'"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def words_in(text: str) -> list[str]:
    """The folded words; of a script without spaces, every pair of neighbouring signs."""
    words: list[str] = []
    for word in _WORD.findall(folded(text)):
        if _UNSPACED.search(word):
            words += [word[place : place + 2] for place in range(max(1, len(word) - 1))]
        else:
            words.append(word)
    return words


def quoted(text: str) -> str:
    """A sentence short enough for a line."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_QUOTE else f"{line[: LONGEST_QUOTE - 1].rstrip()}…"
