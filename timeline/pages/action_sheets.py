"""What each action asks before it is done: colleagues to choose from, times to come back, tags in use."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import timezone

from timeline.models import QueueRow, Tag
from timeline.pages.agents import actor_of
from timeline.pages.asking import colleagues_called, offered_moments
from timeline.showing.wording import PRIORITIES

#: Action -> the template that asks. What is not here needs no question.
SHEETS: Mapping[str, str] = {
    "assign": "work/assign.html",
    "snooze": "work/snooze.html",
    "tag": "work/tag.html",
    "priority": "work/priority.html",
    "promise": "work/promise.html",
}
#: Tags that the box suggests, of those that anybody uses.
MOST_SUGGESTED = 500


def sheet_context(request: HttpRequest, action: str, profile_ids: Sequence[int]) -> dict[str, Any]:
    """What the action's template needs beside the customers."""
    rows = list(QueueRow.objects.filter(pk__in=profile_ids))
    return _CONTEXTS[action](request, rows)


def _assign(request: HttpRequest, rows: Sequence[QueueRow]) -> dict[str, Any]:
    me = actor_of(request)
    asked = request.GET.get("q", "").strip()
    has = {row.assignee_id for row in rows}
    again = {"profile": [row.pk for row in rows], "open": request.GET.get("open", "")}
    return {
        "again": urlencode(again, doseq=True),
        "me": me.pk,
        "asked": asked,
        "colleagues": colleagues_called(asked),
        "has": has.pop() if len(has) == 1 else None,
    }


def _snooze(_request: HttpRequest, rows: Sequence[QueueRow]) -> dict[str, Any]:
    now = timezone.now()
    until = max((row.snoozed_until for row in rows if row.snoozed_until and row.snoozed_until > now), default=None)
    return {"moments": offered_moments(now), "until": until, "soonest": timezone.localtime(now)}


def _tag(_request: HttpRequest, rows: Sequence[QueueRow]) -> dict[str, Any]:
    has = sorted({tag for row in rows for tag in row.tags}, key=str.casefold)
    suggested = [tag for tag in Tag.objects.values_list("name", flat=True)[:MOST_SUGGESTED] if tag not in has]
    return {"has": has, "suggested": suggested}


def _priority(_request: HttpRequest, rows: Sequence[QueueRow]) -> dict[str, Any]:
    has = {row.priority for row in rows}
    return {"priorities": PRIORITIES, "has": has.pop() if len(has) == 1 else None}


def _promise(_request: HttpRequest, _rows: Sequence[QueueRow]) -> dict[str, Any]:
    return {"today": timezone.localdate()}


_CONTEXTS: Mapping[str, Callable[[HttpRequest, Sequence[QueueRow]], dict[str, Any]]] = {
    "assign": _assign,
    "snooze": _snooze,
    "tag": _tag,
    "priority": _priority,
    "promise": _promise,
}
