"""Which view of the queue an address asks for: one of the hub's or a saved one, its filters and its order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.core.validators import slug_re
from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _lazy

from profiles.models import StaffMember
from timeline.filtersets import QueueFilter
from timeline.models import QueueRow, SavedView
from timeline.pages.agents import actor_of
from timeline.queue_views import VIEWS, Listing
from timeline.saved_views import views_for

#: What is kept out of the queue is no view of its rows: `timeline.spam` has its own.
SPAM = "spam"
#: View -> (icon, name).
NAMES: Mapping[str, tuple[str, str | Promise]] = {
    "mine": ("user", _lazy("Mine")),
    "unassigned": ("inbox", _lazy("Unassigned")),
    "waiting": ("clock", _lazy("Waiting")),
    "breaching": ("timer", _lazy("Due soon")),
    "snoozed": ("alarm-clock", _lazy("Snoozed")),
    "mentions": ("at-sign", _lazy("Mentions")),
    "resolved": ("circle-check", _lazy("Resolved")),
    "all": ("users", _lazy("All customers")),
    SPAM: ("ban", _lazy("Spam")),
}
FILTERS = tuple(QueueFilter.base_filters)
#: The filters of a queue whose address holds a customer too, in one parameter: the timeline's own are beside it.
CARRIED = "queue"
LONGEST_QUERY = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQueue:
    """A view with its filters. `slug` names it in addresses; `view` is the hub's own view behind it.

    `query` is what the address has to say beyond the slug. `filters` are those that are understood; `saved` are the
    saved view's own, which its address need not repeat.
    """

    slug: str
    view: str
    name: str
    icon: str
    member: StaffMember
    filters: Mapping[str, list[str]] = field(default_factory=dict)
    order: str = ""
    query: str = ""
    saved: SavedView | None = None

    @property
    def is_spam(self) -> bool:
        return self.view == SPAM

    @property
    def offered_orders(self) -> tuple[str, ...]:
        return () if self.is_spam else VIEWS[self.view].orders

    @property
    def chosen_order(self) -> str:
        offered = self.offered_orders
        return self.order if self.order in offered else (offered or ("",))[0]

    @property
    def url(self) -> str:
        """The queue's own address."""
        return reverse("inbox", args=[self.slug]) + (f"?{self.query}" if self.query else "")

    @property
    def carried(self) -> str:
        """What the address of a customer in this queue ends with."""
        return "?" + urlencode({CARRIED: self.query}) if self.query else ""

    @property
    def carried_more(self) -> str:
        """The same, behind what an address has already."""
        return "&" + urlencode({CARRIED: self.query}) if self.query else ""

    @property
    def carried_on(self) -> str:
        """What the address of a sheet begins with, to come back to this queue."""
        return urlencode({"view": self.slug, **({CARRIED: self.query} if self.query else {})}) + "&"

    def url_with(self, filters: Mapping[str, list[str]], order: str | None = None) -> str:
        """The address of the same view with other filters; of the view behind it, if it is a saved one."""
        query = query_of(filters, self.order if order is None else order)
        return reverse("inbox", args=[self.view]) + (f"?{query}" if query else "")

    def customer_url(self, profile_id: int) -> str:
        return reverse("inbox-customer", args=[self.slug, profile_id]) + self.carried

    def listing(self, request: HttpRequest) -> Listing:
        """The customers in it. Not for spam."""
        passed = QueueFilter(_as_query(self.filters), queryset=QueueRow.objects.all(), request=request)
        return Listing(view=self.view, member=self.member, rows=passed.qs, order=self.order)


def asked_queue(request: HttpRequest, slug: str, query: QueryDict | str | None = None) -> AskedQueue:
    """The queue at the slug with the filters of the address, or of `query`. Raises Http404 for an unknown slug.

    What is no filter, or none that is understood, counts for nothing: an old link still opens its view.
    """
    member = actor_of(request)
    given = request.GET if query is None else QueryDict(query[:LONGEST_QUERY]) if isinstance(query, str) else query
    saved = None
    if slug in NAMES:
        view, icon, name = slug, *NAMES[slug]
    else:
        saved = views_for(member).filter(slug=slug).first() if slug_re.fullmatch(slug) else None
        if saved is None or saved.view not in VIEWS:
            raise Http404("no such view")
        view, icon, name = saved.view, "list-filter", saved.name
    filters = _understood(given, request)
    order = given.get("order", "")
    query_string = query_of(filters, order) if view != SPAM else ""
    if saved:
        filters = {**_understood(_as_query(saved.filters), request), **filters}
        order = order or saved.order
    return AskedQueue(
        slug=slug,
        view=view,
        name=str(name),
        icon=icon,
        member=member,
        filters=filters,
        order=order,
        query=query_string,
        saved=saved,
    )


def carried_queue(request: HttpRequest, slug: str) -> AskedQueue:
    """The queue of a customer's address, whose filters it carries in one parameter.

    A view that is gone, or a colleague's own, is no reason not to show the customer: then it is the queue of all.
    """
    given = request.POST if request.method == "POST" else request.GET
    try:
        return asked_queue(request, slug, given.get(CARRIED, ""))
    except Http404:
        return asked_queue(request, "all", "")


def query_of(filters: Mapping[str, list[str]], order: str) -> str:
    """Filters and order as an address says them."""
    return urlencode({**filters, **({"order": order} if order else {})}, doseq=True)


def _as_query(filters: Mapping[str, list[str]]) -> QueryDict:
    given = QueryDict(mutable=True)
    for name, values in filters.items():
        if name in FILTERS and isinstance(values, list):
            given.setlist(name, [str(value) for value in values])
    return given


def _understood(given: QueryDict, request: HttpRequest) -> dict[str, list[str]]:
    filters = {name: values for name in FILTERS if (values := [v for v in given.getlist(name) if v.strip()])}
    checked = QueueFilter(_as_query(filters), queryset=QueueRow.objects.none(), request=request)
    return {name: values for name, values in filters.items() if checked.is_valid() or name not in checked.errors}
