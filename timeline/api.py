"""The timeline half of the read API: a profile with its state, its timeline, the queue."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from profiles.access import actor_of
from profiles.api import ProfileSerializer, TemporaryRedirect, as_document, elsewhere, next_url, whole_number
from profiles.models import Channel
from profiles.reading import current_profile_id, describe
from timeline.entries import EntryKind
from timeline.filtersets import QueueFilter
from timeline.models import Entry, QueueRow
from timeline.queue_views import ORDERS, VIEWS, Listing
from timeline.reading import MOST_ENTRIES, timeline_page
from timeline.showing.attachments import with_links


class EntrySerializer(serializers.Serializer[Any]):
    """One entry as shown now; `detail` is provider-free and depends on `kind` and `detail.type`."""

    id = serializers.IntegerField()
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    channel = serializers.CharField(source="account.channel")
    kind = serializers.CharField()
    direction = serializers.CharField()
    text = serializers.CharField()
    channel_identity = serializers.IntegerField(source="channel_identity_id")
    account = serializers.CharField(source="account.name")
    provider_message_id = serializers.CharField(allow_null=True)
    sender_grade = serializers.CharField(allow_null=True)
    delivery = serializers.CharField(allow_null=True)
    restricted = serializers.BooleanField(
        source="is_withheld", help_text="text and detail are withheld: only named members read this line"
    )
    detail = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_detail(self, entry: Entry) -> Mapping[str, Any]:
        """What the kind and the channel add; each stored attachment with a `url` that is good for some minutes."""
        return with_links(entry.detail, entry.pk)


class TimelineSerializer(serializers.Serializer[Any]):
    results = EntrySerializer(many=True)
    next = serializers.URLField(allow_null=True)


class QueueRowSerializer(serializers.Serializer[Any]):
    """A customer in the queue. `waiting_since` is the oldest message nobody answered on any channel."""

    profile = serializers.IntegerField(source="profile_id")
    display_name = serializers.CharField(source="profile.display_name")
    last_entry_at = serializers.DateTimeField()
    waiting_since = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    assignee = serializers.IntegerField(source="assignee_id", allow_null=True)
    priority = serializers.IntegerField()
    tags = serializers.ListField(child=serializers.CharField())
    snoozed_until = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    promised_for = serializers.DateField(allow_null=True)
    last_entry = EntrySerializer(allow_null=True)


class QueueSerializer(serializers.Serializer[Any]):
    results = QueueRowSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class ProfileDetail(APIView):
    """One profile; a merged id answers 307 to the survivor."""

    @extend_schema(responses={200: ProfileSerializer, 307: OpenApiResponse(description="merged into another profile")})
    def get(self, request: Request, profile_id: int) -> Response | TemporaryRedirect:
        view = describe(profile_id)
        if view is None:
            return elsewhere(request, profile_id)
        return Response(as_document(view, state=_state_of(profile_id)))


def _state_of(profile_id: int) -> str:
    """`waiting` when the queue says so, `answered` for everybody else in it, `quiet` for who never wrote or got a word.

    There is one rule of who waits, the queue's: history from before the line was connected and groups do not.
    """
    row = QueueRow.objects.filter(profile_id=profile_id).values_list("waiting_since", flat=True)
    if not row:
        return "quiet"
    return "answered" if row[0] is None else "waiting"


class Timeline(APIView):
    """A profile's entries of all channels, newest first."""

    @extend_schema(
        parameters=[
            OpenApiParameter("before", str, description="cursor out of `next`"),
            OpenApiParameter("limit", int, description=f"1 to {MOST_ENTRIES}, 50 if absent"),
            OpenApiParameter("channel", str, enum=list(Channel), many=True),
            OpenApiParameter("kind", str, enum=list(EntryKind), many=True),
        ],
        responses={200: TimelineSerializer, 307: OpenApiResponse(description="merged into another profile")},
    )
    def get(self, request: Request, profile_id: int) -> Response | TemporaryRedirect:
        if current_profile_id(profile_id) != profile_id:
            return elsewhere(request, profile_id)
        page = timeline_page(
            profile_id,
            before=request.query_params.get("before") or None,
            limit=whole_number(request, "limit", default=50, least=1, most=MOST_ENTRIES),
            channels=_choices(request, "channel", set(Channel.values)),
            kinds=_choices(request, "kind", set(EntryKind)),
        )
        following = next_url(request, before=page.next_cursor) if page.next_cursor else None
        return Response({"results": EntrySerializer(page.entries, many=True).data, "next": following})


def _choices(request: Request, name: str, allowed: set[str]) -> list[str]:
    """The repeated or comma-separated query parameter. Raises ValidationError for what is not allowed."""
    given = [part for text in request.query_params.getlist(name) for part in text.split(",") if part]
    if unknown := sorted(set(given) - allowed):
        raise ValidationError({name: [f"unknown: {len(unknown)}; expected some of {', '.join(sorted(allowed))}"]})
    return given


class Queue(APIView):
    """A view of the queue in its order; without `view` the customers who wait, longest first, or with `waiting=false`
    those who do not, newest first."""

    @extend_schema(
        parameters=[
            OpenApiParameter("after", str, description="cursor out of `next`"),
            OpenApiParameter("limit", int),
            OpenApiParameter("view", str, enum=list(VIEWS), description="`mine` and `mentions` are of who asks"),
            OpenApiParameter("order", str, enum=list(ORDERS), description="one that the view offers"),
            OpenApiParameter("waiting", bool, description="without a view true if absent; `all` for every customer"),
            OpenApiParameter("channel", str, enum=list(Channel), many=True),
            OpenApiParameter("assignee", str, description="`me`, `nobody` or the id of a member"),
            OpenApiParameter("tag", str, many=True, description="all of them"),
            OpenApiParameter("priority", int, enum=QueueRow.Priority.values, many=True),
            OpenApiParameter("due_before", OpenApiTypes.DATETIME),
            OpenApiParameter("q", str, description="a name the customer was ever called by"),
        ],
        responses=QueueSerializer,
    )
    def get(self, request: Request) -> Response:
        wanted = request.query_params.copy()
        view, wanted = _view_asked(wanted)
        filters = QueueFilter(wanted, queryset=QueueRow.objects.all(), request=request)
        if not filters.is_valid():
            raise ValidationError(filters.errors)
        order = wanted.get("order", "")
        if order and order not in VIEWS[view].orders:
            raise ValidationError({"order": [f"expected one of {', '.join(VIEWS[view].orders)}"]})
        page = Listing(view=view, member=actor_of(request), rows=filters.qs, order=order).page(
            after=request.query_params.get("after") or None,
            limit=whole_number(request, "limit", default=50, least=1, most=MOST_ENTRIES),
        )
        following = next_url(request, after=page.next_cursor) if page.next_cursor else None
        return Response(
            {"results": QueueRowSerializer([placed.row for placed in page.rows], many=True).data, "next": following}
        )


def _view_asked(wanted: QueryDict) -> tuple[str, QueryDict]:
    """The view and the filters that remain. Raises ValidationError."""
    view = wanted.get("view", "")
    if view and view not in VIEWS:
        raise ValidationError({"view": [f"expected one of {', '.join(VIEWS)}"]})
    waiting = wanted.pop("waiting", [] if view else ["true"])
    if waiting and waiting[-1] not in ("true", "false", "all"):
        raise ValidationError({"waiting": ["expected true, false or all"]})
    if waiting and waiting[-1] != "all":
        wanted["waiting"] = waiting[-1]
    return view or ("waiting" if waiting[-1] == "true" else "all"), wanted
