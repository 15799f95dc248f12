"""Until when the customer's oldest open question wants its answer, at that question."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from django.utils import timezone
from django.utils.translation import gettext as _

from timeline.entries import Direction, EntryKind
from timeline.models import Entry
from timeline.showing.shapes import Day, DueView
from timeline.work.targets import due_at


class Awaited(Protocol):
    """Since when the customer waits, and until when they want their answer."""

    @property
    def waiting_since(self) -> datetime | None: ...

    @property
    def due_at(self) -> datetime | None: ...


def due_of(work: Awaited, entries: Iterable[Entry]) -> DueView | None:
    """What is due, if the message that waits for it is among `entries`; nothing for a line without targets."""
    if work.waiting_since is None or work.due_at is None:
        return None
    for entry in entries:
        if (entry.occurred_at, entry.kind, entry.direction) == (work.waiting_since, EntryKind.MESSAGE, Direction.IN):
            is_late = work.due_at <= timezone.now()
            return DueView(entry_id=entry.pk, at=work.due_at, is_late=is_late, word=_word(entry, work.due_at))
    return None


def mark_due(days: Iterable[Day], due: DueView | None) -> None:
    """The message that waits says so."""
    if due is None:
        return
    for view in (view for day in days for view in day.entries if view.entry.pk == due.entry_id):
        view.due = due


def _word(entry: Entry, at: datetime) -> str:
    """The first answer in the matter or a further one, as far as the targets of the line tell them apart."""
    first, later = (due_at(entry.account.settings, entry.occurred_at, is_first=each) for each in (True, False))
    if first == later:
        return _("Answer")
    return _("First reply") if at == first else _("Next reply")
