"""Signs that anybody can point at: capitals, repeated marks, a few strong words, low scores. Facts, no judgement."""

import re
from collections import Counter
from collections.abc import Sequence

from timeline.brief.languages import STRONG
from timeline.brief.sentences import folded
from timeline.brief.values import Finding, Happened, Rule

_STRONG = re.compile(rf"\b(?:{'|'.join(word for words in STRONG.values() for word in words)})\b")
_MARKS = re.compile(r"[?!？！؟]{3,}")
#: A text this short may be an order number or a shop's name.
FEWEST_LETTERS = 8
#: A score at or below this part of its scale is low: 2 of 5.
LOW = 0.4


def mood(entries: Sequence[Happened]) -> list[Finding]:
    """One line with what was counted, leading to the newest message that counts."""
    counted: Counter[str] = Counter()
    words: dict[str, None] = {}
    scores: list[dict[str, float]] = []
    last: Happened | None = None
    for entry in entries:
        found = _signs(entry)
        if not found:
            continue
        last = entry
        counted.update(name for name in found if name != "words")
        if "words" in found:
            words |= dict.fromkeys(word for word in _STRONG.findall(folded(entry.text)))
        if "score" in found:
            scores.append(found["score"])
    if last is None:
        return []
    said = [spelled for word in words if (spelled := _as_written(word, entries))]
    facts = {"capitals": counted["capitals"], "marks": counted["marks"], "words": tuple(said), "scores": tuple(scores)}
    return [Finding(rule=Rule.MOOD, entry=last.id, at=last.at, facts=facts)]


def _signs(entry: Happened) -> dict[str, dict[str, float]]:
    if entry.kind == "survey":
        score = score_of(entry.detail)
        return {"score": score} if score and score["score"] <= LOW * score["of"] else {}
    if not entry.is_said:
        return {}
    tests = {
        "capitals": is_capitals(entry.text),
        "marks": _MARKS.search(entry.text) is not None,
        "words": _STRONG.search(folded(entry.text)) is not None,
    }
    return {name: {} for name, is_there in tests.items() if is_there}


def is_capitals(text: str) -> bool:
    """Whether two words or more are written in capitals and nothing else; scripts without them never are."""
    if not text.isupper() or len(text.split()) < 2:
        return False
    return sum(letter.isupper() for letter in text) >= FEWEST_LETTERS


def score_of(detail: object) -> dict[str, float] | None:
    """The score of a survey and the best there is; None for an answer in words alone."""
    score = detail.get("score") if isinstance(detail, dict) else None
    best = detail.get("of") if isinstance(detail, dict) else None
    try:
        found = {"score": float(score), "of": float(best)}  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return found if found["of"] > 0 and 0 <= found["score"] <= found["of"] else None


def _as_written(word: str, entries: Sequence[Happened]) -> str:
    """The word as the customer spelled it."""
    for entry in reversed(entries):
        if entry.is_said:
            for written in re.findall(r"\w+", entry.text):
                if folded(written) == word:
                    return str(written).lower()
    return ""
