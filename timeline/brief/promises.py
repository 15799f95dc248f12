"""Days we named to the customer: promises that were written down, and sentences of ours with a day in them."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

from timeline.brief.days import day_named, may_name_a_day
from timeline.brief.languages import WILL, WILL_ACCENTED, WILL_NOT
from timeline.brief.sentences import folded, quoted, sentences_of
from timeline.brief.values import Finding, Happened, Rule

#: A promise that is over is told this long, unless somebody wrote on or after its day.
REMEMBERED = timedelta(days=14)
_WILL = re.compile(rf"\b(?:{'|'.join(WILL.values())})\b")
_ACCENTED = re.compile(rf"\b{WILL_ACCENTED}\b")
_NOT = re.compile(rf"\b(?:{'|'.join(WILL_NOT.values())})\b|n't\b")


def promises(entries: Sequence[Happened], *, now: datetime, zone: tzinfo) -> list[Finding]:
    """Days we named that are to come, or passed without a word from us, the earliest first; one line for each day."""
    today = now.astimezone(zone).date()
    last_answer = max((entry.at for entry in entries if entry.is_answer), default=None)
    wrote_on = last_answer.astimezone(zone).date() if last_answer else date.min
    found: dict[date, Finding] = {}
    for day, finding in sorted([*_written(entries), *_said(entries, zone)], key=lambda pair: (pair[0], pair[1].at)):
        is_over = day < today
        if not is_over or (today - day <= REMEMBERED and not (wrote_on >= day and not finding.facts.get("is_written"))):
            found.setdefault(day, finding)
    return list(found.values())


def _written(entries: Sequence[Happened]) -> list[tuple[date, Finding]]:
    """Promises written down by a colleague and not kept."""
    kept = {entry.detail.get("entry") for entry in entries if _is_work(entry, "kept")}
    found = []
    for entry in entries:
        if _is_work(entry, "promised") and entry.id not in kept and (day := _on(entry.detail.get("on"))):
            facts = {"day": day, "is_written": True}
            text = quoted(str(entry.detail.get("text") or ""))
            found.append((day, Finding(rule=Rule.PROMISE, entry=entry.id, at=entry.at, quote=text, facts=facts)))
    return found


def _said(entries: Sequence[Happened], zone: tzinfo) -> list[tuple[date, Finding]]:
    """Sentences of ours that name a day."""
    found = []
    for entry in entries:
        if entry.is_answer and may_name_a_day(entry.text):
            said_on = entry.at.astimezone(zone).date()
            for sentence in sentences_of(entry.text):
                if is_promise(sentence) and (day := day_named(sentence, said_on)):
                    line = quoted(sentence)
                    facts = {"day": day, "channel": entry.channel}
                    finding = Finding(rule=Rule.PROMISE, entry=entry.id, at=entry.at, quote=line, facts=facts)
                    found.append((day, finding))
    return found


def is_promise(sentence: str) -> bool:
    """Whether a sentence says that something will be: neither a question nor a refusal nor on a condition."""
    text = folded(sentence)
    is_future = _WILL.search(text) is not None or _ACCENTED.search(sentence.casefold()) is not None
    return is_future and "?" not in text and _NOT.search(text) is None


def _is_work(entry: Happened, type_: str) -> bool:
    return entry.kind == "work" and entry.detail.get("type") == type_


def _on(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
