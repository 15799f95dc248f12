"""What happened since the last visit that an agent would otherwise scroll for."""

from collections.abc import Sequence
from typing import Any

from timeline.brief.values import Finding, Happened, Rule

#: Files named in the line.
MOST_NAMED = 3


def failed(entries: Sequence[Happened]) -> list[Finding]:
    """The newest message of ours that failed, if nothing of ours went out after it; how many there are."""
    lost: list[Happened] = []
    for entry in entries:
        if entry.is_answer:
            lost.clear()
        elif entry.is_ours and not entry.detail.get("replaced_by"):
            lost.append(entry)
    if not lost:
        return []
    last = lost[-1]
    facts = {"count": len(lost), "channel": last.channel, "errors": last.detail.get("errors")}
    return [Finding(rule=Rule.FAILED, entry=last.id, at=last.at, facts=facts)]


def switches(entries: Sequence[Happened], news: Sequence[Happened]) -> list[Finding]:
    """The last time since the visit that the customer went on on another channel, and how often."""
    fresh = {entry.id for entry in news}
    found: list[tuple[Happened, Happened]] = []
    before: Happened | None = None
    for entry in entries:
        if not entry.is_said:
            continue
        if before and before.channel != entry.channel and entry.id in fresh:
            found.append((before, entry))
        before = entry
    if not found:
        return []
    left, last = found[-1]
    facts = {"from": left.channel, "to": last.channel, "after": last.at - left.at, "count": len(found)}
    return [Finding(rule=Rule.SWITCH, entry=last.id, at=last.at, facts=facts)]


def colleagues(news: Sequence[Happened], *, reader: int | None) -> list[Finding]:
    """What others did: the newest thing, with how many answers, notes and changes there are in all."""
    done = [entry for entry in news if _is_theirs(entry, reader)]
    if not done:
        return []
    last = done[-1]
    facts: dict[str, Any] = {
        "answers": sum(entry.kind == "message" for entry in done),
        "notes": sum(entry.kind == "note" for entry in done),
        "work": sum(entry.kind == "work" for entry in done),
        "names": tuple(dict.fromkeys(filter(None, (_name(entry) for entry in done)))),
        "last": last,
    }
    return [Finding(rule=Rule.COLLEAGUES, entry=last.id, at=last.at, facts=facts)]


def _is_theirs(entry: Happened, reader: int | None) -> bool:
    if entry.kind not in ("work", "note") and not entry.is_answer:
        return False
    by = _member(entry)
    return by is not None and by != reader


def _member(entry: Happened) -> int | None:
    """The id of the member who did it; None where no person did."""
    by, actor = entry.detail.get("by"), entry.detail.get("actor")
    found = by.get("id") if isinstance(by, dict) else actor
    return found if isinstance(found, int) else None


def _name(entry: Happened) -> str:
    by = entry.detail.get("by")
    found = by.get("name") if isinstance(by, dict) else by
    return found if isinstance(found, str) else ""


def files(news: Sequence[Happened]) -> list[Finding]:
    """How many files the customer sent, with the names of the first, leading to the first."""
    sent = [(entry, part) for entry in news if entry.is_said for part in _attachments(entry)]
    if not sent:
        return []
    names = [name for _, part in sent if isinstance(name := part.get("name"), str) and name]
    first = sent[0][0]
    facts = {"count": len(sent), "names": tuple(names[:MOST_NAMED]), "type": str(sent[0][1].get("type") or "")}
    return [Finding(rule=Rule.FILES, entry=first.id, at=first.at, facts=facts)]


def _attachments(entry: Happened) -> list[dict[str, Any]]:
    found = entry.detail.get("attachments")
    return (
        [part for part in found if isinstance(part, dict) and part.get("inline") is not True]
        if isinstance(found, list)
        else []
    )
