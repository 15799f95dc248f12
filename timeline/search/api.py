"""`GET /api/v1/search/`: customers and entries by anything, over the whole history."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from profiles.api import next_url, whole_number
from profiles.searching import CustomerFound, find_customers
from timeline.api import EntrySerializer
from timeline.search.finding import EntryFound, search_entries

MOST_RESULTS = 100


class MatchedSerializer(serializers.Serializer[Any]):
    """What of the customer was found. `kind` is an identifier's, a name trait's, `address` or `profile`."""

    kind = serializers.CharField()
    value = serializers.CharField()
    is_past = serializers.BooleanField(help_text="seen with this customer once, somebody else's or withdrawn now")


class CustomerFoundSerializer(serializers.Serializer[Any]):
    profile = serializers.IntegerField(source="profile_id")
    display_name = serializers.CharField()
    matched = MatchedSerializer(many=True)


class SegmentSerializer(serializers.Serializer[Any]):
    """A piece of the text around the match; text, never markup."""

    text = serializers.CharField(trim_whitespace=False)
    is_match = serializers.BooleanField()


class EntryFoundSerializer(serializers.Serializer[Any]):
    """An entry, whose it is now, and the words around the first match; `url` opens the timeline there."""

    profile = serializers.IntegerField(source="profile_id")
    display_name = serializers.CharField()
    entry = EntrySerializer()
    snippet = SegmentSerializer(many=True)
    url = serializers.SerializerMethodField()

    def get_url(self, found: EntryFound) -> str:
        return f"{reverse('customer', args=[found.profile_id])}?entry={found.entry.pk}"


class SearchSerializer(serializers.Serializer[Any]):
    """Customers best first, entries newest first.

    `entries_searched_back_to` is set when a common word was looked for only so far back; `entries_next` goes on there.
    `is_complete` is false while older entries are still being read into the index.
    """

    customers = CustomerFoundSerializer(many=True)
    customers_next = serializers.URLField(allow_null=True)
    entries = EntryFoundSerializer(many=True)
    entries_next = serializers.URLField(allow_null=True)
    entries_searched_back_to = serializers.DateTimeField(allow_null=True)
    is_complete = serializers.BooleanField()


class Search(APIView):
    """Customers by any past or present identifier or name, and everything that was written, without a time limit."""

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "q",
                str,
                required=True,
                description="a phone number in any form, an e-mail address, an id, an order number, a name, or words;"
                " every word must be found, the last as a beginning; words in quotes stand side by side",
            ),
            OpenApiParameter("limit", int, description=f"of each, 1 to {MOST_RESULTS}, 20 if absent"),
            OpenApiParameter("after_customer", int, description="out of `customers_next`, which has no entries"),
            OpenApiParameter("before", str, description="cursor out of `entries_next`, which has no customers"),
        ],
        responses=SearchSerializer,
    )
    def get(self, request: Request) -> Response:
        asked = request.query_params.get("q", "").replace("\0", " ")
        if not asked.strip():
            raise ValidationError({"q": ["expected what to look for"]})
        limit = whole_number(request, "limit", default=20, least=1, most=MOST_RESULTS)
        before = request.query_params.get("before") or None
        after = whole_number(request, "after_customer", default=0, least=0)
        customers, next_customer = ([], None) if before else _customers(asked, after, limit)
        found = search_entries("" if after else asked, before=before, limit=limit)
        document = {
            "customers": customers,
            "customers_next": _next(request, after_customer=next_customer),
            "entries": found.entries,
            "entries_next": _next(request, before=found.next_cursor),
            "entries_searched_back_to": found.searched_back_to,
            "is_complete": found.is_complete,
        }
        return Response(SearchSerializer(document).data)


def _customers(asked: str, after: int, limit: int) -> tuple[list[CustomerFound], str | None]:
    """The page behind the customer `after`, and the last one on it if more follow. They are few, and found anew."""
    found = find_customers(asked)
    place = next((n + 1 for n, each in enumerate(found) if each.profile_id == after), 0)
    page = found[place : place + limit]
    return page, str(page[-1].profile_id) if len(found) > place + limit else None


def _next(request: Request, **place: str | None) -> str | None:
    given = {name: value for name, value in place.items() if value}
    return next_url(request, **given) if given else None
