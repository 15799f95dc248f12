"""What is done to customers from the queue and from their page: one post for up to a hundred, and the way back.

A change is a field of a customer that had one value and has another. It is undone by giving it back the first one,
unless somebody changed it again meanwhile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from profiles.models import ChannelIdentity, StaffMember
from timeline.models import Entry
from timeline.work import verbs
from timeline.work.reading import Work, work_of
from timeline.work.state import tag_key
from timeline.work.writing import locked

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


def do(
    profile_ids: Sequence[int], wishes: Sequence[Wish], *, actor: StaffMember
) -> tuple[list[Change], dict[int, str]]:
    """Each customer has what was wished, in a transaction each; who had it already is not among the changes.

    One for whom it cannot be keeps nobody else from it: those are told with the reason. Unknown ids are left out, and
    a merged one stands for the customer it leads to.
    """
    done: list[Change] = []
    refused: dict[int, str] = {}
    for profile_id in _current(profile_ids):
        try:
            for wish in wishes:
                change = _do(profile_id, wish, actor)
                done += [change] if change else []
        except verbs.WorkRefusedError as error:
            refused[profile_id] = str(error)
    return done, refused


def _current(profile_ids: Sequence[int]) -> list[int]:
    """The customers that the ids lead to today, each once, in their order."""
    found = dict(ChannelIdentity.objects.filter(id__in=profile_ids).values_list("id", "profile_id"))
    return list(dict.fromkeys(found[pk] for pk in profile_ids if pk in found))


@transaction.atomic
def _do(profile_id: int, wish: Wish, actor: StaffMember) -> Change | None:
    """What the customer had before is read under the lock: a colleague, or a second click, may be at it as well."""
    now = locked(profile_id).profile_id
    return _promise(now, wish, actor) if wish.field == PROMISE else _set(now, wish, actor)


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


def undo(token: str, *, actor: StaffMember) -> tuple[list[int], int, dict[int, str]]:
    """Takes back the changes of the token as far as they still stand and can be. Returns the customers, how many
    changes somebody changed again meanwhile, and why not for whom it cannot be. Raises signing.BadSignature."""
    changes = [Change(**each) for each in signing.loads(token, salt=_SALT, max_age=UNDO_SECONDS)]
    customers, passed_over, refused = [], 0, dict[int, str]()
    for change in reversed(changes):
        with transaction.atomic():
            profile_id = locked(change.profile_id).profile_id  # merged meanwhile, perhaps
            is_now = _READ[change.field](work_of(profile_id), change.tag)
            if is_now != change.after:
                passed_over += is_now != change.before
                continue
            try:
                _put(profile_id, Wish(field=change.field, value=_due_back(change), tag=change.tag), actor)
            except verbs.WorkRefusedError as error:
                refused[profile_id] = str(error)
            else:
                customers.append(profile_id)
    return list(dict.fromkeys(customers)), passed_over, refused


def _due_back(change: Change) -> Any:
    """What the field was before; a snooze that would have run out by now is none."""
    if change.field == "snoozed" and change.before and datetime.fromisoformat(change.before) <= timezone.now():
        return None
    return change.before


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
