"""What colleagues did, as one line of the timeline each."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from timeline.models import QueueRow
from timeline.showing.dates import written
from timeline.showing.parts import word_of
from timeline.showing.wording import isolated

#: What was done -> icon and words.
WORK: Mapping[str, tuple[str, Promise]] = {
    "blocked": ("ban", _lazy("%(name)s blocked this address: what it sends waits for nobody")),
    "unblocked": ("undo-2", _lazy("%(name)s unblocked this address")),
    "spam": ("ban", _lazy("%(name)s marked a message as spam")),
    "not_spam": ("undo-2", _lazy("%(name)s found a message to be no spam")),
    "assigned": ("user-plus", _lazy("%(name)s gave this customer to %(to)s")),
    "unassigned": ("user-x", _lazy("%(name)s gave this customer back: nobody has them")),
    "resolved": ("circle-check", _lazy("%(name)s resolved this")),
    "reopened": ("undo-2", _lazy("%(name)s reopened this")),
    "snoozed": ("alarm-clock", _lazy("%(name)s put this off until %(until)s")),
    "woken": ("bell", _lazy("%(name)s brought this back before its time")),
    "priority": ("flag", _lazy("%(name)s set the priority to %(priority)s")),
    "tagged": ("tag", _lazy("%(name)s added the tag %(tag)s")),
    "untagged": ("tag", _lazy("%(name)s took the tag %(tag)s away")),
    "promised": ("calendar-clock", _lazy("%(name)s promised by %(on)s")),
    "kept": ("calendar-check", _lazy("%(name)s kept what was promised by %(on)s")),
    "pinned": ("pin", _lazy("%(name)s pinned an entry")),
    "reported": ("flag", _lazy("%(name)s reported a message as somebody else’s")),
    "report_dismissed": ("check", _lazy("%(name)s found the message that was reported to be theirs")),
    "mistaken": ("flag", _lazy("%(name)s marked a message as not the customer’s own")),
    "not_mistaken": ("undo-2", _lazy("%(name)s found a message to be the customer’s own")),
    "unpinned": ("pin", _lazy("%(name)s unpinned an entry")),
}
_TAKEN = _lazy("%(name)s took this customer")
_TAKEN_BY_TYPING = _lazy("%(name)s took this customer by starting an answer")
_NO_PRIORITY = _lazy("%(name)s set no priority any more")


def work_line(detail: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Icon, words and reason of a work entry; None for one this release has no words for."""
    what = str(detail.get("type"))
    known = WORK.get(what)
    if known is None:
        return None
    icon, words = known
    if what == "assigned" and detail.get("to") == detail.get("actor"):
        words = _TAKEN_BY_TYPING if detail.get("by_typing") is True else _TAKEN
    elif what == "priority" and not detail.get("priority"):
        words = _NO_PRIORITY
    facts = {name: isolated(value) for name, value in _facts(detail).items()}
    return icon, str(words) % facts, word_of(detail, "reason") or word_of(detail, "text")


def _facts(detail: Mapping[str, Any]) -> dict[str, str]:
    """What the words name."""
    return {
        "name": word_of(detail, "by") or _("Somebody"),
        "to": word_of(detail, "to_name") or _("a colleague"),
        "until": _moment(word_of(detail, "until")),
        "on": _day(word_of(detail, "on")),
        "tag": word_of(detail, "tag"),
        "priority": _priority(detail.get("priority")),
    }


def _priority(value: object) -> str:
    words = {priority.value: str(priority.label).lower() for priority in QueueRow.Priority}
    return words.get(value, str(value)) if isinstance(value, int) else str(value)


def _moment(text: str) -> str:
    """A moment in the agent's zone."""
    try:
        local = timezone.localtime(datetime.fromisoformat(text))
    except ValueError:
        return text
    return written(local, "long, time")


def _day(text: str) -> str:
    try:
        return written(date.fromisoformat(text), "long, year")
    except ValueError:
        return text
