"""What colleagues' work comes to, told a second time from the work entries and nothing else, as plainly as possible."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from profiles.models import ChannelIdentity
from timeline.models import Entry, QueueRow
from timeline.work.reading import work_of

LATE = timedelta(days=8)


@dataclass
class Told:
    """What was said of somebody, in the order it was said."""

    said: list[Entry] = field(default_factory=list)

    def last(self, *types: str) -> Entry | None:
        found = [entry for entry in self.said if entry.detail["type"] in types]
        return found[-1] if found else None

    @property
    def assignee(self) -> int | None:
        last = self.last("assigned", "unassigned")
        return last.detail.get("to") if last else None

    @property
    def priority(self) -> int:
        last = self.last("priority")
        return last.detail["priority"] if last else 0

    @property
    def tags(self) -> list[str]:
        standing: dict[str, str | None] = {}
        for entry in self.said:
            if entry.detail["type"] in ("tagged", "untagged"):
                tag = entry.detail["tag"]
                standing[tag.casefold()] = tag if entry.detail["type"] == "tagged" else None
        return sorted(tag for tag in standing.values() if tag)

    @property
    def promises(self) -> dict[int, date]:
        """The open ones; who heard that one was kept heard it for good."""
        kept = {entry.detail["entry"] for entry in self.said if entry.detail["type"] == "kept"}
        promised = [entry for entry in self.said if entry.detail["type"] == "promised"]
        return {entry.pk: date.fromisoformat(entry.detail["on"]) for entry in promised if entry.pk not in kept}

    @property
    def pins(self) -> set[int]:
        last: dict[int, str] = {}
        for entry in self.said:
            if entry.detail["type"] in ("pinned", "unpinned"):
                last[entry.detail["entry"]] = entry.detail["type"]
        return {pk for pk, what in last.items() if what == "pinned"}

    @property
    def settled(self) -> Entry | None:
        """The last resolve that was not taken back. A reopening takes back the resolve said just before it."""
        standing: list[Entry] = []
        previous = ""
        for entry in self.said:
            if entry.detail["type"] not in ("resolved", "reopened"):
                continue
            if entry.detail["type"] == "resolved":
                standing.append(entry)
            elif previous == "resolved":
                standing.pop()
            previous = entry.detail["type"]
        return standing[-1] if standing else None


def check_work() -> None:
    """Each customer has what was said last of any of their channel identities; messages end what was put away."""
    named: dict[int, list[Entry]] = {}
    for entry in Entry.objects.filter(kind="work", detail__has_key="channel_identities").order_by("id"):
        for pk in entry.detail["channel_identities"]:
            named.setdefault(pk, []).append(entry)
    members: dict[int, list[int]] = {}
    for pk, profile in ChannelIdentity.objects.values_list("id", "profile_id"):
        members.setdefault(profile, []).append(pk)
    rows = QueueRow.objects.in_bulk()
    for profile, mine in members.items():
        unique = {entry.pk: entry for pk in mine for entry in named.get(pk, [])}
        whole = Told([unique[pk] for pk in sorted(unique)])
        asking = list(_asking(mine))
        waiting = {entry.pk: entry.occurred_at for entry in _waiting(asking, mine, named)}
        _check(profile, whole, asking, waiting, rows.get(profile))


def _asking(mine: Iterable[int]) -> Iterable[Entry]:
    rows = Entry.objects.filter(channel_identity_id__in=mine, kind="message", direction="in", is_backfilled=False)
    return rows.filter(channel_identity__reply_refusal="", set_aside="")


def _waiting(asking: Iterable[Entry], mine: Iterable[int], named: dict[int, list[Entry]]) -> Iterable[Entry]:
    answers = Entry.objects.filter(channel_identity_id__in=mine, kind="message", direction="out")
    answered = max(answers.exclude(delivery="failed").values_list("occurred_at", flat=True), default=None)
    for entry in asking:
        settled = Told(named.get(entry.channel_identity_id, [])).settled
        if settled and (entry.pk < settled.pk or entry.occurred_at <= settled.occurred_at - LATE):
            continue
        if answered is None or entry.occurred_at > answered:
            yield entry


def _check(profile: int, whole: Told, asking: list[Entry], waiting: dict[int, datetime], row: QueueRow | None) -> None:
    resolution, snooze = whole.last("resolved", "reopened"), whole.last("snoozed", "woken")
    is_resolved = resolution is not None and resolution.detail["type"] == "resolved" and not waiting
    if is_resolved and resolution is not None:
        is_resolved = not (snooze and snooze.pk > resolution.pk) and not _after(asking, resolution)
    until = None
    if snooze and snooze.detail["type"] == "snoozed" and not _after(asking, snooze):
        is_later = resolution is None or resolution.detail["type"] == "reopened" or snooze.pk > resolution.pk
        until = datetime.fromisoformat(snooze.detail["until"]) if is_later else None
    own = set(
        Entry.objects.filter(id__in=whole.pins, channel_identity__profile_id=profile).values_list("id", flat=True)
    )
    work = work_of(profile)
    found: list[Any] = [
        work.assignee and work.assignee.pk,
        work.priority,
        list(work.tags),
        {promise.entry_id: promise.on for promise in work.promises},
        set(work.pinned),
        work.resolved_at is not None,
        work.snoozed_until,
    ]
    wanted = [whole.assignee, whole.priority, whole.tags, whole.promises, own, is_resolved, until]
    assert found == wanted, f"work of profile {profile}: {found}, should be {wanted}"
    if row is not None:
        stored = [row.assignee_id, row.priority, row.tags, row.promised_for, row.resolved_at is not None]
        stored += [row.snoozed_until, row.waiting_since]
        told = [whole.assignee, whole.priority, whole.tags, min(whole.promises.values(), default=None), is_resolved]
        told += [until, min(waiting.values(), default=None)]
        assert stored == told, f"queue row of profile {profile}: {stored}, should be {told}"


def _after(asking: Iterable[Entry], entry: Entry) -> bool:
    return any(each.pk > entry.pk and each.occurred_at > entry.occurred_at - LATE for each in asking)
