"""The brief over the API."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from profiles.api import TemporaryRedirect, elsewhere
from profiles.models import StaffMember
from profiles.reading import current_profile_id
from timeline.brief.reading import brief_of
from timeline.brief.values import Rule
from timeline.brief.wording import line_of
from timeline.unread import seen_until


class BriefLineSerializer(serializers.Serializer[Any]):
    """One line: which rule, its words in the caller's language, what it quotes, and the entry it leads to."""

    rule = serializers.ChoiceField(choices=[(rule.value, rule.value) for rule in Rule])
    words = serializers.CharField()
    quote = serializers.CharField()
    entry = serializers.IntegerField()
    at = serializers.DateTimeField()


class BriefSerializer(serializers.Serializer[Any]):
    """`entries_since` of the `entries_read` came since `since`; `is_cut` when there may be more than were read."""

    since = serializers.DateTimeField(allow_null=True)
    entries_since = serializers.IntegerField(source="count")
    entries_read = serializers.IntegerField(source="read")
    is_cut = serializers.BooleanField()
    lines = BriefLineSerializer(many=True)


class ProfileBrief(APIView):
    """At most seven lines about what is open and what is new, by fixed rules (docs/brief.md)."""

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "since", datetime, description="the last visit; if absent the caller's, or our last answer"
            )
        ],
        responses={200: BriefSerializer, 307: OpenApiResponse(description="merged into another profile")},
    )
    def get(self, request: Request, profile_id: int) -> Response | TemporaryRedirect:
        if current_profile_id(profile_id) != profile_id:
            return elsewhere(request, profile_id)
        now = timezone.now()
        member = request.user
        assert isinstance(member, StaffMember)
        since = _since(request) or seen_until(member, profile_id)
        brief = brief_of(profile_id, since=since, reader=member.pk, now=now)
        document = {
            "since": brief.since,
            "count": brief.count,
            "read": brief.read,
            "is_cut": brief.is_cut,
            "lines": [line_of(finding, now) for finding in brief.lines],
        }
        return Response(BriefSerializer(document).data)


def _since(request: Request) -> datetime | None:
    given = request.query_params.get("since", "")
    if not given:
        return None
    try:
        moment = parse_datetime(given.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValidationError({"since": ["expected a time with a zone, such as 2026-03-01T14:05:00Z"]})
    return moment
