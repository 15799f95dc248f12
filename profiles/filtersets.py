"""Filters shared by the API and the pages."""

from typing import Any

import django_filters
from django import forms
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db.models import BigIntegerField, F, Func, IntegerField, QuerySet, Value

from profiles.identity.values import IdentifierKind
from profiles.models import Profile
from profiles.reading import holders

#: Kind, value, and the scope if one was written.
Wanted = tuple[IdentifierKind, str, str | None]


def parse_identifier(text: str) -> Wanted:
    """`kind:value` or `kind@scope:value`. A plus sign that arrived as a space is understood. Raises ValidationError."""
    name, separator, value = text.strip("\t\r\n").partition(":")
    kind, _, scope = name.strip().partition("@")
    # PostgreSQL stores no NUL, so nothing was ever seen with one, and asking for it would fail.
    if not separator or not value.strip() or "\0" in text or kind not in set(IdentifierKind):
        kinds = ", ".join(IdentifierKind)
        raise ValidationError(f"expected kind:value or kind@scope:value, with kind one of {kinds}")
    return IdentifierKind(kind), value.strip(), scope or None


class IdentifierField(forms.CharField):
    """A written identifier as (kind, value, scope), or None if nothing was written."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, **options)  # a space may be the plus sign of a number

    def to_python(self, value: Any) -> Any:
        """The parsed identifier. Raises ValidationError."""
        text = super().to_python(value)
        return parse_identifier(text) if text else None


class IdentifierFilter(django_filters.Filter):  # type: ignore[misc]  # the library is untyped
    """Profiles by any identifier they were ever seen with, present holders before past ones."""

    field_class = IdentifierField

    def filter(self, queryset: QuerySet[Profile], wanted: Wanted | None) -> QuerySet[Profile]:
        """The holders, in the order in which `holders` names them."""
        if wanted is None:
            return queryset
        ids = list(holders(*wanted))
        order = Value(ids, output_field=ArrayField(BigIntegerField()))
        place = Func(order, F("id"), function="array_position", output_field=IntegerField())
        return queryset.filter(id__in=ids).order_by(place)


class ProfileFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library is untyped
    """Profiles by identifier; without one all of them, in their own order."""

    identifier = IdentifierFilter(label="kind:value or kind@scope:value")

    class Meta:
        model = Profile
        fields: list[str] = []
