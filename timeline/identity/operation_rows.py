"""Operations in the words of the log: the log page, a customer's identity page and the timeline show the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from profiles.models import Operation
from profiles.why import OperationView, OtherProfile
from profiles.wording import verb_words
from timeline.pages.panel import name_of

ICONS = {
    "add": "plus",
    "enter": "pencil",
    "merge": "git-merge",
    "unmerge": "unlink",
    "split": "calendar-clock",
    "mark": "users",
    "withdraw": "ban",
    "undo": "undo-2",
}


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One use of a verb in words; `can_undo` while it stands."""

    id: int
    icon: str
    words: str
    actor: str
    reason: str
    at: datetime
    is_standing: bool
    is_undo: bool
    subjects: list[OtherProfile]


def rows_of(views: Iterable[OperationView]) -> list[OperationRow]:
    """The operations in words; an undo names what it undid."""
    listed = list(views)
    undone = {pk for view in listed for pk in (view.undoes, _root(view)) if pk is not None}
    known = {row.pk: row for row in Operation.objects.filter(id__in=undone)}
    return [_row(view, known) for view in listed]


def _root(view: OperationView) -> int | None:
    """What an undo, or the undo of an undo, was about in the end."""
    root = view.detail.get("undid")
    return root if view.verb == "undo" and isinstance(root, int) else None


def _row(view: OperationView, known: dict[int, Operation]) -> OperationRow:
    words, icon = verb_words(view.verb, view.detail), ICONS.get(view.verb, "git-merge")
    root, undone = known.get(_root(view) or 0), known.get(view.undoes or 0)
    if view.verb == "decide" and view.detail.get("verdict") == "different":
        icon = "user-x"
    if root is not None and undone is not None:
        is_again = undone.verb == Operation.Verb.UNDO
        icon = "redo-2" if is_again else "undo-2"
        said = _("Done again: %(what)s") if is_again else _("Undone: %(what)s")
        words = said % {"what": verb_words(root.verb, root.detail)}
    return OperationRow(
        id=view.id,
        icon=icon,
        words=words,
        actor=view.actor,
        reason=view.reason,
        at=view.created_at,
        is_standing=view.is_standing,
        is_undo=view.verb == "undo",
        subjects=[OtherProfile(subject.id, name_of(subject.display_name)) for subject in view.subjects],
    )
