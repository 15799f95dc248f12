"""What the customer asked and nobody has answered, and what they had asked before on another channel."""

import re
from collections.abc import Sequence
from datetime import timedelta
from itertools import takewhile

from timeline.brief.languages import EMPTY, OPENINGS, REQUESTS
from timeline.brief.sentences import folded, quoted, sentences_of, words_in
from timeline.brief.values import Finding, Happened, Rule

#: As sentences end that ask; a Spanish one also begins so.
_MARKS = re.compile(r"[?？؟]+[\"'»”)\s]*$|^¿")
_GREETINGS = r"(?:(?:hi|hello|hey|hallo|hola|ola|oi|bonjour|ciao|please|sorry|and|und|y|e|et|bitte)[, ]+)?"
_OPENINGS = re.compile(rf"^{_GREETINGS}(?:{'|'.join(part for parts in OPENINGS.values() for part in parts)})\b")
_REQUEST = re.compile(rf"\b(?:{'|'.join(REQUESTS.values())})\b")
#: A shorter sentence with such a word asks for nothing: "Yes, please."
FEWEST_OF_A_REQUEST = 4
#: Between these a customer still waits for the answer to the same.
WITHIN = timedelta(days=14)
#: Words of two questions that must be the same, of all that either has; and the fewest that say anything.
ALIKE, FEWEST_WORDS = 0.6, 2
#: A question of fewer words says nothing without the rest of its message: "14?".
FEWEST_QUOTED = 3
#: Open questions that are told, and messages that one is compared with: a flood of them says nothing more.
MOST, MOST_COMPARED = 20, 100


def question_in(text: str) -> str:
    """The sentence of the text that asks most, the later of two; empty if none does, or only "hello?"."""
    asked, most = "", 1
    for sentence in sentences_of(text):
        if (_MARKS.search(sentence) or _opens(sentence) or _requests(sentence)) and (
            count := len(_telling(sentence))
        ) >= most:
            asked, most = sentence, count
    return asked


def _opens(sentence: str) -> bool:
    return len(sentence) >= 8 and _OPENINGS.match(folded(sentence)) is not None


def _requests(sentence: str) -> bool:
    return len(words_in(sentence)) >= FEWEST_OF_A_REQUEST and _REQUEST.search(folded(sentence)) is not None


def open_questions(entries: Sequence[Happened]) -> list[tuple[Happened, str]]:
    """The messages since our last answer that ask something, oldest first, each with its question."""
    since = list(takewhile(lambda entry: not entry.is_answer, reversed(entries)))
    return [(entry, asked) for entry in reversed(since) if entry.is_said and (asked := question_in(entry.text))]


def questions(waiting: Sequence[tuple[Happened, str]]) -> list[Finding]:
    """One line for each open question, oldest first; what repeats an earlier one is left to `repeats`."""
    found: list[Finding] = []
    said: list[str] = []
    for entry, asked in waiting:
        if len(found) == MOST:
            break
        if not any(are_alike(asked, earlier) for earlier in said):
            said.append(asked)
            facts = {"channel": entry.channel}
            quote = quoted(asked if len(words_in(asked)) >= FEWEST_QUOTED else entry.text)
            found.append(Finding(rule=Rule.QUESTION, entry=entry.id, at=entry.at, quote=quote, facts=facts))
    return found


def repeats(entries: Sequence[Happened], waiting: Sequence[tuple[Happened, str]]) -> list[Finding]:
    """The newest of the open questions that was asked before on another channel, within two weeks.

    It leads to where it was asked before; if that is still open too, and so a line of its own, to where it came again.
    """
    if not waiting:
        return []
    within = [entry for entry in entries if entry.is_said and waiting[0][0].at - entry.at <= WITHIN]
    if len({entry.channel for entry in within}) < 2:
        return []
    asked = [(entry, words) for entry in within[-MOST_COMPARED:] if (words := question_in(entry.text))]
    for entry, question in reversed(waiting[-MOST:]):
        for other, words in reversed(asked):
            is_before = other.at < entry.at and entry.at - other.at <= WITHIN and other.channel != entry.channel
            if is_before and are_alike(question, words):
                if any(other.id == still.id for still, _ in waiting):
                    facts = {"channel": entry.channel, "is_again": True}
                    return [Finding(rule=Rule.REPEAT, entry=entry.id, at=entry.at, facts=facts)]
                facts = {"channel": other.channel, "is_again": False}
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
