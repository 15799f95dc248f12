"""Orders and payments in trouble: failed, cancelled, sent back, or later than the shop said."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from timeline.brief.values import Finding, Happened, Rule

#: Trouble that is older says nothing about why somebody writes now.
RECENT = timedelta(days=30)
#: What shops call the states that a customer writes about, as the start of a word.
_TROUBLE = re.compile(
    r"(?:^|_)(?:fail|declin|cancel|void|refund|return|chargeback|disput|error|reject|lost|delay|exception|on_?hold|expired"
    r"|undeliver)"
)
#: States after which no date can be missed.
_DONE = re.compile(r"deliver|complet|fulfilled$|picked_up|closed|cancel|refund|return")
#: Where the day is that the shop told: see docs/your-own-servers.md.
_DUE = ("deliver_by", "delivery_date", "promised_at", "estimated_delivery")


def orders(entries: Sequence[Happened], *, now: datetime, zone: tzinfo) -> list[Finding]:
    """One line for each order in trouble, the newest first, by its newest event and its newest payment."""
    told: dict[object, dict[str, Happened]] = {}
    for entry in entries:
        if entry.kind in ("order", "payment"):
            told.setdefault(_number(entry) or entry.id, {})[entry.kind] = entry
    found = [line for events in told.values() if (line := _trouble(events, now, zone))]
    return sorted(found, key=lambda line: (line.at, line.entry), reverse=True)


def _trouble(events: Mapping[str, Happened], now: datetime, zone: tzinfo) -> Finding | None:
    today = now.astimezone(zone).date()
    for entry in sorted(events.values(), key=lambda entry: (entry.at, entry.id), reverse=True):
        told = _word(entry.detail, "state")
        state = told.strip().lower().replace(" ", "_")
        facts = {"kind": entry.kind, "number": _number(entry), "state": told}
        if _TROUBLE.search(state) and now - entry.at <= RECENT:
            return Finding(rule=Rule.ORDER, entry=entry.id, at=entry.at, facts=facts)
        due = _due(entry.detail, zone) if entry.kind == "order" and not _DONE.search(state) else None
        if due and due < today <= due + RECENT:
            return Finding(rule=Rule.ORDER, entry=entry.id, at=entry.at, facts={**facts, "due": due})
    return None


def _number(entry: Happened) -> str:
    return _word(entry.detail, "number" if entry.kind == "order" else "order")


def _due(detail: Mapping[str, Any], zone: tzinfo) -> date | None:
    for name in _DUE:
        told = _word(detail, name)
        try:
            if "T" not in told:
                return date.fromisoformat(told)
            moment = datetime.fromisoformat(told)
        except ValueError:
            continue
        return moment.astimezone(zone).date() if moment.tzinfo else moment.date()
    return None


def _word(detail: Mapping[str, Any], name: str) -> str:
    found = detail.get(name)
    return found if isinstance(found, str) else ""
