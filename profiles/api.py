"""The profile half of the read API: finding profiles, and how one is written; `timeline.api` adds its state."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import HttpResponseRedirect
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from profiles.consent import ALL, HOLD, MARKETING
from profiles.filtersets import ProfileFilter
from profiles.ids import BIGGEST_ID
from profiles.models import ChannelIdentity, Profile
from profiles.reading import ProfileView, current_profile_id

MOST_PROFILES = 100


class TemporaryRedirect(HttpResponseRedirect):
    """307: the method is kept, and nobody caches it, because a merged id comes back on unmerge."""

    status_code = 307


class ChannelIdentitySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    channel = serializers.CharField()
    account = serializers.CharField()
    address = serializers.CharField()
    standing = serializers.CharField()
    epoch = serializers.IntegerField()
    grade = serializers.CharField()
    first_seen = serializers.DateTimeField(allow_null=True)
    last_seen = serializers.DateTimeField(allow_null=True)
    reply_refusal = serializers.CharField()
    blocked_at = serializers.DateTimeField(allow_null=True)


class IdentifierSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    scope = serializers.CharField()
    value = serializers.CharField()
    grade = serializers.CharField()
    status = serializers.CharField()


class OtherValueSerializer(serializers.Serializer[Any]):
    """A value that is not shown; its id can be chosen while merging, or withdrawn."""

    id = serializers.IntegerField()
    value = serializers.CharField()
    grade = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field called source, not its option
    last_seen = serializers.DateTimeField()


class TraitSerializer(serializers.Serializer[Any]):
    """Why a trait is shown with this value, and the values that were not chosen."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    value = serializers.CharField()
    grade = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field called source, not its option
    last_seen = serializers.DateTimeField()
    alternates = serializers.ListField(child=serializers.CharField())
    rule = serializers.ChoiceField(choices=["only", "chosen", "agent", "proved", "newest"])
    others = OtherValueSerializer(many=True)


class ConsentSerializer(serializers.Serializer[Any]):
    """The word that binds an address. `hold`, not granted, is a message that may have been an opt-out."""

    purpose = serializers.ChoiceField(choices=[ALL, MARKETING, HOLD])
    is_granted = serializers.BooleanField()
    account = serializers.CharField()
    address = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field called source, not its option
    occurred_at = serializers.DateTimeField()
    channel_identity = serializers.IntegerField()
    evidence = serializers.CharField()
    reason = serializers.CharField()


class ProfileSerializer(serializers.Serializer[Any]):
    """A person: addresses, identifiers, traits by name, the state of the conversation, consents."""

    id = serializers.IntegerField()
    display_name = serializers.CharField()
    channel_identities = ChannelIdentitySerializer(many=True)
    identifiers = IdentifierSerializer(many=True)
    traits = serializers.DictField(child=serializers.CharField())
    trait_details = TraitSerializer(many=True)
    state = serializers.ChoiceField(choices=["waiting", "answered", "quiet"])
    consents = ConsentSerializer(many=True)


class ProfileSummarySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    display_name = serializers.CharField()


class ProfileListSerializer(serializers.Serializer[Any]):
    results = ProfileSummarySerializer(many=True)
    next = serializers.URLField(allow_null=True)


def as_document(view: ProfileView, *, state: str) -> dict[str, Any]:
    """The profile as the API serves it; `state` comes from the queue, which this app does not know."""
    document = asdict(view)
    document["trait_details"] = document["traits"]
    document["traits"] = {trait["name"]: trait["value"] for trait in document["trait_details"]}
    document["state"] = state
    return dict(ProfileSerializer(document).data)


def redirect_to(request: Request, merged_id: int, survivor_id: int) -> TemporaryRedirect:
    """The same request at the survivor of a merge."""
    path = request.get_full_path_info().replace(f"/profiles/{merged_id}/", f"/profiles/{survivor_id}/", 1)
    return TemporaryRedirect(f"{settings.PUBLIC_BASE_URL}{path}")


class ProfileList(APIView):
    """Profiles by identifier, or all of them by id."""

    @extend_schema(
        operation_id="profiles_list",
        parameters=[
            OpenApiParameter(
                "identifier", str, description="`kind:value` or `kind@scope:value`, e.g. phone:+15551234567"
            ),
            OpenApiParameter("after", int, description="the last id of the page before"),
            OpenApiParameter("limit", int, description=f"1 to {MOST_PROFILES}, 50 if absent"),
        ],
        responses=ProfileListSerializer,
    )
    def get(self, request: Request) -> Response:
        limit = whole_number(request, "limit", default=50, least=1, most=MOST_PROFILES)
        after = whole_number(request, "after", default=0, least=0)
        filters = ProfileFilter(request.query_params, queryset=Profile.objects.all())
        if not filters.is_valid():
            raise ValidationError(filters.errors)
        if filters.form.cleaned_data["identifier"]:
            wanted = list(filters.qs)  # the holders of one identifier are few
            place = next((n + 1 for n, profile in enumerate(wanted) if profile.pk == after), 0)
            page, is_last = wanted[place : place + limit], len(wanted) <= place + limit
        else:
            lives = Exists(ChannelIdentity.objects.filter(profile_id=OuterRef("id")))
            rows = list(filters.qs.filter(lives, id__gt=after).order_by("id")[: limit + 1])
            page, is_last = rows[:limit], len(rows) <= limit
        return Response({"results": ProfileSummarySerializer(page, many=True).data, "next": self._next(page, is_last)})

    def _next(self, page: list[Profile], is_last: bool) -> str | None:
        return None if is_last or not page else next_url(self.request, after=str(page[-1].id))


def elsewhere(request: Request, profile_id: int) -> TemporaryRedirect:
    """The redirect for an id that is no current profile. Raises NotFound for one that was never given out."""
    survivor = current_profile_id(profile_id)
    if survivor is None or survivor == profile_id:
        raise NotFound("no profile has or had this id")
    return redirect_to(request, profile_id, survivor)


def whole_number(request: Request, name: str, *, default: int, least: int, most: int = BIGGEST_ID) -> int:
    """The query parameter as a number in range. Raises ValidationError."""
    text = request.query_params.get(name)
    if text is None or text == "":
        return default
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise ValidationError({name: [f"expected a whole number from {least} to {most}"]})
    return number


def next_url(request: Any, **changed: str) -> str:
    """The absolute URL of the next page: this request with other query parameters.

    It is built on `PUBLIC_BASE_URL`: behind a proxy the request's own scheme and host are not what the caller reached.
    """
    query = request.query_params.copy()
    for name, value in changed.items():
        query[name] = value
    return f"{settings.PUBLIC_BASE_URL}{request.path_info}?{query.urlencode()}"
