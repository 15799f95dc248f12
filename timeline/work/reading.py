"""The work state of one customer as it stands now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from profiles.models import StaffMember
from timeline.models import Entry, QueueRow, WorkState
from timeline.work.state import ASSIGNEE, PIN, PRIORITY, PROMISE, RESOLUTION, SNOOZE, TAG, Fields, newest


@dataclass(frozen=True, slots=True)
class Promise:
    """Something promised and not kept yet; `entry_id` is the entry that says so."""

    entry_id: int
    on: date
    text: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Who has the customer and what is to be done.

    `resolved_at` and `snoozed_until` are None unless they hold now; `due_at` is when the answer is due by the line's
    targets. `promises` stand in the order of their days, `pinned` are entry ids in the order they were pinned.
    """

    assignee: StaffMember | None = None
    priority: int = 0
    tags: tuple[str, ...] = ()
    snoozed_until: datetime | None = None
    resolved_at: datetime | None = None
    due_at: datetime | None = None
    promises: tuple[Promise, ...] = ()
    pinned: tuple[int, ...] = ()


def work_of(profile_id: int) -> Work:
    """The work state of a current profile, in four queries at most; an empty one for who has none, or any other id."""
    fields = fields_of(profile_id)
    row = QueueRow.objects.filter(profile_id=profile_id).first()
    assignee = _value(fields, ASSIGNEE)
    return Work(
        assignee=StaffMember.objects.filter(id=assignee).first() if assignee else None,
        priority=_value(fields, PRIORITY) or 0,
        tags=tags_in(fields),
        snoozed_until=snoozed_until(fields, row),
        resolved_at=resolved_at(fields, row),
        due_at=row.due_at if row else None,
        promises=promises_in(fields),
        pinned=_pinned(profile_id, fields),
    )


def fields_of(profile_id: int) -> Fields:
    """What was said last about each field, over all channel identities of a current profile."""
    rows = WorkState.objects.filter(channel_identity__profile_id=profile_id)
    return newest(rows.values_list("fields", flat=True))


def resolved_at(fields: Fields, row: QueueRow | None) -> datetime | None:
    """Since when the customer is resolved; who is not in the queue has written nothing that could end it."""
    if row is not None:
        return row.resolved_at
    fact, later = fields.get(RESOLUTION), fields.get(SNOOZE)
    if fact is None or not fact["value"] or (later and later["in"] > fact["in"]):
        return None
    return datetime.fromisoformat(fact["at"])


def snoozed_until(fields: Fields, row: QueueRow | None) -> datetime | None:
    """Until when the customer is put off, if that lies ahead."""
    until = row.snoozed_until if row is not None else _snooze_alone(fields)
    return until if until and until > timezone.now() else None


def _snooze_alone(fields: Fields) -> datetime | None:
    fact, later = fields.get(SNOOZE), fields.get(RESOLUTION)
    if fact is None or not fact["value"] or (later and later["value"] and later["in"] > fact["in"]):
        return None
    return datetime.fromisoformat(fact["value"])


def tags_in(fields: Fields) -> tuple[str, ...]:
    """The tags that stand, sorted."""
    return tuple(sorted(fact["value"] for _, fact in _standing(fields, TAG)))


def promises_in(fields: Fields) -> tuple[Promise, ...]:
    """The promises that were not kept yet, the earliest day first."""
    found = [
        Promise(int(key), date.fromisoformat(fact["value"]["on"]), fact["value"]["text"], fact["value"]["by"])
        for key, fact in _standing(fields, PROMISE)
    ]
    return tuple(sorted(found, key=lambda promise: (promise.on, promise.entry_id)))


def _pinned(profile_id: int, fields: Fields) -> tuple[int, ...]:
    """After an unmerge an entry pinned by both belongs to one of them: only there it is shown."""
    ids = [int(key) for key, _ in sorted(_standing(fields, PIN), key=lambda each: each[1]["in"])]
    mine: Collection[int] = set()
    if ids:
        rows = Entry.objects.filter(id__in=ids, channel_identity__profile_id=profile_id)
        mine = set(rows.values_list("id", flat=True))
    return tuple(pk for pk in ids if pk in mine)


def _value(fields: Fields, name: str) -> Any:
    return fields[name]["value"] if name in fields else None


def _standing(fields: Fields, prefix: str) -> list[tuple[str, dict[str, Any]]]:
    """The facts of the fields with that prefix that were not taken back, by what follows it."""
    return [
        (name.removeprefix(prefix), fact)
        for name, fact in fields.items()
        if name.startswith(prefix) and fact["value"] is not None
    ]
