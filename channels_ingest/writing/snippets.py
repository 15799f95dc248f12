"""Snippets: texts that are used again, with what the hub knows filled in and a visible gap where it does not."""

import re
from collections.abc import Mapping

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_ingest.adapters.base import clean
from channels_ingest.writing.models import Snippet
from profiles.access import JUDGES
from profiles.models import Profile, StaffMember
from profiles.reading_rights import hidden_now
from timeline.entries import EntryKind
from timeline.models import Entry

MOST_SHOWN = 12
LONGEST_TEXT = 10_000
#: A person has so many at most, and so many are shared.
MOST_KEPT = 500
#: What stands between these is missing: nothing is sent while one is left.
GAP = re.compile(r"⟦([^⟦⟧]{0,80})⟧")
#: `{customer.name}`, and what other software writes for it: `{{ customer.name }}`, `{{name}}`.
_VARIABLE = re.compile(r"\{\{\s*([^{}\n]{1,60}?)\s*\}\}|\{\s*([A-Za-z_]+\.[A-Za-z_.]+)\s*\}")
VARIABLES = {
    "customer.name": gettext_lazy("the customer's name"),
    "customer.first_name": gettext_lazy("the customer's first name"),
    "agent.name": gettext_lazy("your name"),
    "agent.first_name": gettext_lazy("your first name"),
    "order.number": gettext_lazy("the order's number"),
}


def visible(member: StaffMember) -> QuerySet[Snippet]:
    """The member's own and everybody's."""
    return Snippet.objects.filter(Q(owner=member) | Q(owner=None))


def may_change(member: StaffMember, snippet: Snippet) -> bool:
    """Everybody keeps their own; leads and admins keep the shared ones."""
    return snippet.owner_id == member.pk or (snippet.owner_id is None and member.role in JUDGES)


def matching(member: StaffMember, query: str, *, language: str = "") -> list[Snippet]:
    """Those whose name starts like `query`, then has it, then whose text does; among them the language's first."""
    rows = visible(member)
    query = query.strip()[:60]
    if query:
        rows = rows.filter(Q(name__icontains=query) | Q(text__icontains=query))
    rank = Case(
        When(name__istartswith=query, then=Value(0)),
        When(name__icontains=query, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    speaks = Case(When(language=language, then=Value(0)), default=Value(1), output_field=IntegerField())
    own = Case(When(owner=member, then=Value(0)), default=Value(1), output_field=IntegerField())
    return list(rows.order_by(rank, speaks, own, "name", "id")[:MOST_SHOWN])


def values_for(profile_id: int, member: StaffMember) -> Mapping[str, str]:
    """What the variables stand for; one that is not known is missing."""
    name = Profile.objects.filter(id=profile_id).values_list("display_name", flat=True).first() or ""
    orders = Entry.objects.filter(channel_identity__profile_id=profile_id, kind=EntryKind.ORDER).exclude(
        account_id__in=hidden_now()
    )
    order = orders.order_by("-occurred_at", "-id").values_list("detail__number", flat=True).first()
    found = {
        "customer.name": name,
        "customer.first_name": _first(name),
        "agent.name": member.name,
        "agent.first_name": _first(member.name),
        "order.number": str(order) if isinstance(order, str | int) else "",
    }
    return {key: clean(value) for key, value in found.items() if value.strip()}


def _first(name: str) -> str:
    """The first word of a name; nothing of an address or number that stands in for one."""
    is_name = "@" not in name and bool(name.strip("+ 0123456789-()"))
    return name.split()[0] if is_name else ""


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables filled in. One that is not known, or is none of ours, leaves a gap."""

    def fill(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return values[name] if name in values else f"⟦{VARIABLES.get(name, name)}⟧"

    return _VARIABLE.sub(fill, text)


def strangers_in(text: str) -> list[str]:
    """What stands like a variable in the text and is none of ours."""
    names = (match[1] or match[2] for match in _VARIABLE.finditer(text))
    return [name for name in dict.fromkeys(names) if name not in VARIABLES]


def gap_in(text: str) -> str:
    """What is missing in a text that is about to be sent, in words; empty if nothing is."""
    found = GAP.search(text)
    return _("Fill in %(gap)s first: it is not known here.") % {"gap": found[1]} if found else ""
