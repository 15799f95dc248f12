"""Filters of timelines and of the queue, shared by the API and the pages."""

import django_filters
from django.db.models import Exists, OuterRef, QuerySet

from profiles.models import Channel, ChannelIdentity
from timeline.models import QueueRow


class QueueFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library is untyped
    """Customers by channel and by whether they wait for an answer."""

    channel = django_filters.MultipleChoiceFilter(choices=Channel, method="by_channel")
    waiting = django_filters.BooleanFilter(field_name="waiting_since", lookup_expr="isnull", exclude=True)

    class Meta:
        model = QueueRow
        fields: list[str] = []

    def by_channel(self, queryset: QuerySet[QueueRow], _name: str, channels: list[str]) -> QuerySet[QueueRow]:
        on_channel = ChannelIdentity.objects.filter(profile_id=OuterRef("profile_id"), account__channel__in=channels)
        return queryset.filter(Exists(on_channel)) if channels else queryset
