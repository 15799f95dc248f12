"""What the customer asked and nobody has answered, and what they had asked before on another channel."""

import re
from collections.abc import Sequence
from datetime import timedelta

from timeline.brief.languages import EMPTY, OPENINGS
from timeline.brief.sentences import folded, quoted, sentences_of, words_in
from timeline.brief.values import Finding, Happened, Rule

#: As sentences end that ask; a Spanish one also begins so.
_MARKS = re.compile(r"[?？؟]+[\"'»”)\s]*$|^¿")
_GREETINGS = r"(?:(?:hi|hello|hey|hallo|hola|ola|oi|bonjour|ciao|please|sorry|and|und|y|e|et|bitte)[, ]+)?"
_OPENINGS = re.compile(rf"^{_GREETINGS}(?:{'|'.join(part for parts in OPENINGS.values() for part in parts)})\b")
#: Between these a customer still waits for the answer to the same.
WITHIN = timedelta(days=14)
#: Words of two questions that must be the same, of all that either has; and the fewest that say anything.
ALIKE, FEWEST_WORDS = 0.6, 2


def question_in(text: str) -> str:
    """The sentence of the text that asks most, the later of two; empty if none does, or only "hello?"."""
    asked, most = "", 1
    for sentence in sentences_of(text):
        if (_MARKS.search(sentence) or _opens(sentence)) and (count := len(_telling(sentence))) >= most:
            asked, most = sentence, count
    return asked


def _opens(sentence: str) -> bool:
    return len(sentence) >= 8 and _OPENINGS.match(folded(sentence)) is not None


def open_questions(entries: Sequence[Happened]) -> list[tuple[Happened, str]]:
    """The messages since our last answer that ask something, oldest first, each with its question."""
    waiting: list[tuple[Happened, str]] = []
    for entry in entries:
        if entry.is_answer:
            waiting.clear()
        elif entry.is_said and (asked := question_in(entry.text)):
            waiting.append((entry, asked))
    return waiting


def questions(entries: Sequence[Happened]) -> list[Finding]:
    """One line for each open question, oldest first; what repeats an earlier one is left to `repeats`."""
    found: list[Finding] = []
    said: list[str] = []
    for entry, asked in open_questions(entries):
        if not any(are_alike(asked, earlier) for earlier in said):
            said.append(asked)
            facts = {"channel": entry.channel}
            found.append(Finding(rule=Rule.QUESTION, entry=entry.id, at=entry.at, quote=quoted(asked), facts=facts))
    return found


def repeats(entries: Sequence[Happened]) -> list[Finding]:
    """The newest of the open questions that was asked before on another channel, within two weeks; it leads there."""
    asked = [(entry, words) for entry in entries if entry.is_said and (words := question_in(entry.text))]
    for entry, question in reversed(open_questions(entries)):
        before = [
            (other, words)
            for other, words in asked
            if other.at < entry.at and entry.at - other.at <= WITHIN and other.channel != entry.channel
        ]
        for other, words in reversed(before):
            if are_alike(question, words):
                facts = {"channel": other.channel, "again": entry.channel, "again_at": entry.at}
                return [Finding(rule=Rule.REPEAT, entry=other.id, at=other.at, quote=quoted(words), facts=facts)]
    return []


def are_alike(one: str, other: str) -> bool:
    """Whether two questions ask for the same, as far as their words tell."""
    left, right = _telling(one), _telling(other)
    together = len(left | right)
    shared = len(left & right)
    if not together or shared < FEWEST_WORDS:
        return bool(together) and folded(one).strip(" ?!.¿") == folded(other).strip(" ?!.¿")
    return shared / together >= ALIKE


def _telling(text: str) -> frozenset[str]:
    return frozenset(word for word in words_in(text) if word not in EMPTY)
