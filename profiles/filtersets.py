"""Filters shared by the API and the pages."""

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from profiles.identity.values import IdentifierKind
from profiles.models import Profile
from profiles.reading import holders


def parse_identifier(text: str) -> tuple[IdentifierKind, str, str | None]:
    """`kind:value` or `kind@scope:value`. A plus sign that arrived as a space is understood. Raises ValidationError."""
    name, separator, value = text.strip("\t\r\n").partition(":")
    kind, _, scope = name.strip().partition("@")
    # PostgreSQL stores no NUL, so nothing was ever seen with one, and asking for it would fail.
    if not separator or not value.strip() or "\0" in text or kind not in set(IdentifierKind):
        kinds = ", ".join(IdentifierKind)
        raise ValidationError(f"expected kind:value or kind@scope:value, with kind one of {kinds}")
    return IdentifierKind(kind), value.strip(), scope or None


class ProfileFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library is untyped
    """Profiles by any identifier they were ever seen with, present holders before past ones."""

    identifier = django_filters.CharFilter(method="by_identifier", label="kind:value or kind@scope:value")

    class Meta:
        model = Profile
        fields: list[str] = []

    def by_identifier(self, queryset: QuerySet[Profile], _name: str, text: str) -> QuerySet[Profile]:
        kind, value, scope = parse_identifier(text)
        return queryset.filter(id__in=holders(kind, value, scope))
