"""What a post of the inbox asks for, as wishes for customers and the words for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from profiles.access import reading_staff
from profiles.ids import id_in
from profiles.models import StaffMember
from timeline.filtersets import ME, NOBODY
from timeline.models import QueueRow
from timeline.pages.acting import PROMISE, Wish
from timeline.showing.ages import moment_words
from timeline.showing.dates import written
from timeline.showing.wording import isolated

#: Colleagues that are offered to choose from.
MOST_COLLEAGUES = 500
#: Tags of one post.
MOST_TAGS = 10
#: The working day, as far as putting off to "this afternoon" and "tomorrow" goes.
MORNING, AFTERNOON = time(9), time(15)


class AskedOddlyError(Exception):
    """What was asked is not understood; the message says what is needed, to whoever asked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The wishes, and what to say when they are done, about `%(who)s`."""

    wishes: Sequence[Wish]
    said: str


def _assign(given: QueryDict, member: StaffMember) -> Asked:
    to = given.get("to", "")
    if to == NOBODY:
        return Asked([Wish(field="assignee", value=None)], _("Nobody’s now: %(who)s"))
    if to in (ME, str(member.pk)):
        return Asked([Wish(field="assignee", value=member.pk)], _("Yours now: %(who)s"))
    chosen = None
    if to == "first":  # Enter in the box, perhaps before the list below it has followed what was typed
        asked = given.get("q", "")
        found = colleagues_called(asked) if asked.strip() else []
        chosen = StaffMember.objects.filter(pk=found[0][0]).first() if found else None
    elif (member_id := id_in(to)) is not None:
        chosen = StaffMember.objects.filter(pk=member_id).first()
    if chosen is None:
        raise AskedOddlyError(_("Choose a colleague."))
    said = _("%(colleague)s takes care of: %(who)s") % {"colleague": _escaped(str(chosen)), "who": "%(who)s"}
    return Asked([Wish(field="assignee", value=chosen.pk)], said)


def _resolve(given: QueryDict, _member: StaffMember) -> Asked:
    if given.get("to") == "open":
        return Asked([Wish(field="resolved", value=False)], _("Open again: %(who)s"))
    return Asked([Wish(field="resolved", value=True)], _("Resolved: %(who)s"))


def _snooze(given: QueryDict, _member: StaffMember) -> Asked:
    if given.get("until") == "now":
        return Asked([Wish(field="snoozed", value=None)], _("Back in the queue: %(who)s"))
    until = read_moment(given.get("until") or given.get("at") or "")
    if until is None:
        raise AskedOddlyError(_("Choose a day and a time."))
    said = _("Until %(moment)s out of the way: %(who)s") % {"moment": moment_words(until), "who": "%(who)s"}
    return Asked([Wish(field="snoozed", value=until.isoformat())], said)


def _tag(given: QueryDict, _member: StaffMember) -> Asked:
    if gone := given.get("remove"):
        said = _("No longer tagged %(tags)s: %(who)s") % {"tags": _escaped(gone), "who": "%(who)s"}
        return Asked([Wish(field="tag", value=False, tag=gone)], said)
    tags = [tag for part in given.getlist("add") for tag in part.split(",") if tag.strip()]
    if not tags or len(tags) > MOST_TAGS:
        raise AskedOddlyError(_("Write up to %(count)d tags.") % {"count": MOST_TAGS})
    words = ", ".join(" ".join(tag.split()) for tag in tags)
    said = _("Tagged %(tags)s: %(who)s") % {"tags": _escaped(words), "who": "%(who)s"}
    return Asked([Wish(field="tag", value=True, tag=tag) for tag in tags], said)


def _priority(given: QueryDict, _member: StaffMember) -> Asked:
    try:
        priority = QueueRow.Priority(int(given.get("priority", "")))
    except ValueError as error:
        raise AskedOddlyError(_("Choose a priority.")) from error
    if priority == QueueRow.Priority.NONE:
        said = _("Without a priority: %(who)s")
    else:
        said = _("%(priority)s: %(who)s") % {"priority": priority.label, "who": "%(who)s"}
    return Asked([Wish(field="priority", value=int(priority))], said)


def _promise(given: QueryDict, _member: StaffMember) -> Asked:
    on = _day(given.get("on", ""))
    if on is None:
        raise AskedOddlyError(_("Choose a day."))
    said = _("Promised for %(day)s: %(who)s") % {"day": written(on, "long"), "who": "%(who)s"}
    return Asked([Wish(field=PROMISE, value=on.isoformat(), tag=given.get("text", "").strip())], said)


def colleagues_called(asked: str) -> list[tuple[int, str]]:
    """Id and name of the colleagues whose name holds what was asked, by name."""
    wanted = " ".join(asked.casefold().split())
    return [(pk, name) for pk, name in colleagues() if wanted in name.casefold()]


def colleagues() -> list[tuple[int, str]]:
    """Id and name of everybody who takes care of customers, by name."""
    members = reading_staff().order_by("name", "email")
    return [(member.pk, str(member)) for member in members[:MOST_COLLEAGUES]]


ACTIONS: Mapping[str, Callable[[QueryDict, StaffMember], Asked]] = {
    "assign": _assign,
    "resolve": _resolve,
    "snooze": _snooze,
    "tag": _tag,
    "priority": _priority,
    "promise": _promise,
}


def read_moment(text: str) -> datetime | None:
    """A moment as a form sends it, in UTC to the second; without a zone it is the agent's own."""
    try:
        moment = parse_datetime(text)
        if moment is None:
            return None
        moment = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
        return moment.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def offered_moments(now: datetime) -> list[tuple[str, datetime]]:
    """When a customer may come back, in words and in the agent's zone: those of the usual times that lie ahead."""
    here = timezone.localtime(now)
    tomorrow = here.date() + timedelta(days=1)
    monday = here.date() + timedelta(days=7 - here.weekday())
    offered = [(_("In an hour"), here + timedelta(hours=1))]
    if here.time() < time(AFTERNOON.hour - 1):
        offered.append((_("This afternoon"), _at(here.date(), AFTERNOON)))
    offered.append((_("Tomorrow morning"), _at(tomorrow, MORNING)))
    if monday != tomorrow:
        offered.append((_("On Monday"), _at(monday, MORNING)))
    return offered


def _at(day: date, clock: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, clock))


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _escaped(text: str) -> str:
    """For the middle of a sentence that a name is put into afterwards."""
    return isolated(text).replace("%", "%%")
