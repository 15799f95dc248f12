"""The way to the other views of the queue, and what narrows this one: chips that can be taken away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.timezone import is_naive, make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from profiles.models import StaffMember
from timeline.filtersets import ME, NOBODY, PRIORITY_CHOICES
from timeline.pages.glance import SavedViewName
from timeline.pages.listing import NAMES, AskedQueue
from timeline.saved_views import may_change
from timeline.showing.dates import written
from timeline.showing.wording import channel_of

#: The views at the top of the queue; the menu has them all.
QUICK = {"mine": _lazy("Mine"), "waiting": _lazy("Waiting"), "all": _lazy("All")}
ORDER_WORDS: Mapping[str, str | Promise] = {
    "newest": _lazy("Newest first"),
    "longest": _lazy("Longest waiting first"),
    "due": _lazy("Due first"),
    "urgency": _lazy("Due first, then longest waiting"),
    "waking": _lazy("Next to wake first"),
    "resolved": _lazy("Last resolved first"),
    "named": _lazy("Last mention first"),
}
_PRIORITY_WORDS = dict(PRIORITY_CHOICES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewLink:
    """A view in the menu. `change_url` leads to its name and end, for who may."""

    slug: str
    name: str
    icon: str
    url: str
    is_current: bool
    is_shared: bool = False
    change_url: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in words; `url` is the queue without it."""

    words: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Switcher:
    """The menu of views and what narrows the current one."""

    quick: Sequence[ViewLink]
    views: Sequence[ViewLink]
    saved: Sequence[ViewLink]
    chips: Sequence[Chip]
    order: str
    filter_url: str
    save_url: str


def switcher(queue: AskedQueue, saved_views: Sequence[SavedViewName]) -> Switcher:
    """The menu for the queue's member, and the queue's chips."""
    views = {slug: _link(queue, slug) for slug in NAMES}
    saved = [
        ViewLink(
            slug=view.slug,
            name=view.name,
            icon="list-filter",
            url=reverse("inbox", args=[view.slug]),
            is_current=queue.slug == view.slug,
            is_shared=view.is_shared,
            change_url=reverse("change-view", args=[view.slug]) if may_change(view, queue.member) else "",
        )
        for view in saved_views
    ]
    ending = f"?{queue.query}" if queue.query else ""
    return Switcher(
        quick=[replace(views[slug], name=str(word)) for slug, word in QUICK.items()],
        views=list(views.values()),
        saved=saved,
        chips=[] if queue.is_spam else chips_of(queue),
        order=str(ORDER_WORDS.get(queue.chosen_order, "")),
        filter_url="" if queue.is_spam else reverse("queue-filter", args=[queue.slug]) + ending,
        save_url="" if queue.is_spam else reverse("save-view", args=[queue.slug]) + ending,
    )


def _link(queue: AskedQueue, slug: str) -> ViewLink:
    icon, name = NAMES[slug]
    return ViewLink(
        slug=slug, name=str(name), icon=icon, url=reverse("inbox", args=[slug]), is_current=queue.slug == slug
    )


def chips_of(queue: AskedQueue) -> list[Chip]:
    """Each filter in words, and the order if it is not the view's own."""
    chips = []
    for name, values in queue.filters.items():
        for value in values:
            rest = {**queue.filters, name: [other for other in values if other != value]}
            chips.append(Chip(_words(name, value), queue.url_with({key: left for key, left in rest.items() if left})))
    if queue.offered_orders and queue.chosen_order != queue.offered_orders[0]:
        chips.append(Chip(str(ORDER_WORDS[queue.chosen_order]), queue.url_with(queue.filters, order="")))
    return chips


def _words(name: str, value: str) -> str:
    if name == "channel":
        return channel_of(value)[1]
    if name == "assignee":
        return _whose(value)
    if name == "tag":
        return _("Tag: %(tag)s") % {"tag": value}
    if name == "priority":
        return str(_PRIORITY_WORDS.get(value, value))
    if name == "waiting":
        return _("Waiting") if value.lower() == "true" else _("Not waiting")
    if name == "due_before":
        return _("Due before %(moment)s") % {"moment": _moment(value)}
    return _("Name: %(name)s") % {"name": value}


def _whose(value: str) -> str:
    if value == ME:
        return _("Mine")
    if value == NOBODY:
        return _("Nobody’s")
    member = StaffMember.objects.filter(pk=int(value)).first()
    return _("Of %(name)s") % {"name": member} if member else _("Of somebody who left")


def _moment(value: str) -> str:
    moment = parse_datetime(value)
    if moment is None:
        return value
    return written(make_aware(moment) if is_naive(moment) else moment, "moment")
