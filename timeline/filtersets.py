"""Filters of timelines and of the queue, shared by the API and the pages."""

import django_filters
from django.db.models import QuerySet

from profiles.models import Channel, ChannelAccount, ChannelIdentity
from timeline.models import QueueRow


class QueueFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library is untyped
    """Customers by channel and by whether they wait for an answer."""

    channel = django_filters.MultipleChoiceFilter(choices=Channel, method="by_channel")
    waiting = django_filters.BooleanFilter(field_name="waiting_since", lookup_expr="isnull", exclude=True)

    class Meta:
        model = QueueRow
        fields: list[str] = []

    def by_channel(self, queryset: QuerySet[QueueRow], _name: str, channels: list[str]) -> QuerySet[QueueRow]:
        """Customers with an address on one of the channels.

        The accounts are looked up first, so that the planner sees how rare they are and starts at a rare one's
        customers. Joined, it went through the whole queue to find three (300,000 customers: 490 ms against 3 ms).
        """
        if not channels:
            return queryset
        accounts = list(ChannelAccount.objects.filter(channel__in=channels).values_list("id", flat=True))
        return queryset.filter(
            profile_id__in=ChannelIdentity.objects.filter(account_id__in=accounts).values("profile_id")
        )
