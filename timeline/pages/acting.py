"""What is done to customers from the queue and from their page: one post for up to a hundred, and the way back.

A change is a field of a customer that had one value and has another. It is undone by giving it back the first one,
unless somebody changed it again meanwhile.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _

from profiles.models import StaffMember
from profiles.operations import UnknownProfileError
from timeline.models import Entry
from timeline.work import verbs
from timeline.work.reading import Work, work_of
from timeline.work.state import tag_key

MOST_CUSTOMERS = 100
PROMISE = "promise"
_SALT = "timeline.pages.acting"
UNDO_SECONDS = 3600

#: What a field is called here -> its value in the state, as it can be written down and compared.
_READ: Mapping[str, Callable[[Work, str], Any]] = {
    "assignee": lambda work, _tag: work.assignee.pk if work.assignee else None,
    "priority": lambda work, _tag: work.priority,
    "resolved": lambda work, _tag: work.resolved_at is not None,
    "snoozed": lambda work, _tag: work.snoozed_until.isoformat() if work.snoozed_until else None,
    "tag": lambda work, tag: tag_key(tag) in {tag_key(each) for each in work.tags},
    PROMISE: lambda work, entry: int(entry) if int(entry) in {each.entry_id for each in work.promises} else None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A field is to have a value. `tag` says which, for the field `tag`; for a promise `value` is the day, as a date
    is written, and `tag` what was promised."""

    field: str
    value: Any
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one customer's field was and is; of a promise `tag` and `after` are the id of its entry."""

    profile_id: int
    field: str
    before: Any
    after: Any
    tag: str = ""


def do(profile_ids: Sequence[int], wishes: Sequence[Wish], *, actor: StaffMember) -> list[Change]:
    """Each customer has what was wished, in a transaction each; who had it already is not among the changes.

    Raises WorkRefusedError for a wish that cannot be; what was done before it is done. Unknown ids are left out.
    """
    done = []
    for profile_id in profile_ids:
        for wish in wishes:
            with contextlib.suppress(UnknownProfileError):
                change = _promise(profile_id, wish, actor) if wish.field == PROMISE else _set(profile_id, wish, actor)
                done += [change] if change else []
    return done


def _set(profile_id: int, wish: Wish, actor: StaffMember) -> Change | None:
    before = _READ[wish.field](work_of(profile_id), wish.tag)
    if before == wish.value or _put(profile_id, wish, actor) is None:
        return None
    return Change(profile_id=profile_id, field=wish.field, before=before, after=wish.value, tag=wish.tag)


def _promise(profile_id: int, wish: Wish, actor: StaffMember) -> Change | None:
    """A second press of the button promises nothing twice."""
    on = date.fromisoformat(wish.value)
    if any((each.on, each.text) == (on, wish.tag) for each in work_of(profile_id).promises):
        return None
    entry = verbs.promise(profile_id, on, text=wish.tag, actor=actor)
    if entry is None:
        return None
    return Change(profile_id=profile_id, field=PROMISE, before=None, after=entry.pk, tag=str(entry.pk))


def undo(token: str, *, actor: StaffMember) -> tuple[list[int], int]:
    """Takes back the changes of the token as far as they still stand. Returns the customers, and how many changes
    somebody changed again meanwhile. Raises signing.BadSignature."""
    changes = [Change(**each) for each in signing.loads(token, salt=_SALT, max_age=UNDO_SECONDS)]
    customers, passed_over = [], 0
    for change in reversed(changes):
        is_now = _READ[change.field](work_of(change.profile_id), change.tag)
        if is_now == change.after:
            _put(change.profile_id, Wish(field=change.field, value=change.before, tag=change.tag), actor)
            customers.append(change.profile_id)
        elif is_now != change.before:
            passed_over += 1
    return list(dict.fromkeys(customers)), passed_over


def token_of(changes: Sequence[Change]) -> str:
    """What `undo` needs, signed: a browser keeps it for us."""
    return signing.dumps([asdict(change) for change in changes], salt=_SALT, compress=True)


def _put(profile_id: int, wish: Wish, actor: StaffMember) -> Entry | None:
    if wish.field == "assignee":
        to = StaffMember.objects.filter(pk=wish.value).first() if wish.value else None
        if wish.value and to is None:
            raise verbs.WorkRefusedError(_("There is no such colleague."))
        return verbs.assign(profile_id, to, actor=actor)
    if wish.field == "priority":
        return verbs.set_priority(profile_id, wish.value, actor=actor)
    if wish.field == "resolved":
        return (verbs.resolve if wish.value else verbs.reopen)(profile_id, actor=actor)
    if wish.field == "tag":
        return (verbs.tag if wish.value else verbs.untag)(profile_id, wish.tag, actor=actor)
    if wish.field == PROMISE:
        return verbs.keep_promise(Entry.objects.get(pk=int(wish.tag)), actor=actor, profile_id=profile_id)
    if wish.value is None:
        return verbs.wake(profile_id, actor=actor)
    return verbs.snooze(profile_id, datetime.fromisoformat(wish.value), actor=actor)
