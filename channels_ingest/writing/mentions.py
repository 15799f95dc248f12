"""Colleagues who are named in a note: `@Ana Duarte`."""

from django.db.models import Q

from profiles.access import reading_staff
from profiles.models import StaffMember

MOST = 8


def colleagues(query: str, *, without: StaffMember) -> list[StaffMember]:
    """Active staff whose name or mailbox starts with `query`, in any word of the name; a few of them."""
    query = query.strip()[:60]
    rows = reading_staff().exclude(pk=without.pk)
    if query:
        rows = rows.filter(Q(name__istartswith=query) | Q(name__icontains=f" {query}") | Q(email__istartswith=query))
    return list(rows.order_by("name", "email")[:MOST])


def mentioned(text: str) -> list[int]:
    """The ids of active staff whose whole name stands behind an @; the longest name counts where one begins another.

    Of two who have the same name, both are meant.
    """
    if "@" not in text:
        return []
    by_name: dict[str, list[int]] = {}
    for member in reading_staff():
        by_name.setdefault(str(member).casefold(), []).append(member.pk)
    left, found = text.casefold(), set[int]()
    for name in sorted(by_name, key=len, reverse=True):
        if f"@{name}" in left:
            found.update(by_name[name])
            left = left.replace(f"@{name}", " ")
    return sorted(found)
