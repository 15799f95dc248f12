"""The identity half of the API: merge, unmerge, undo, withdraw, mark, boundaries, reviews; for leads and admins."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from django.db.models import Model
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from profiles import correcting, merging
from profiles.access import JudgesIdentity, actor_of
from profiles.api import next_url, whole_number
from profiles.identity_schema import (
    BoundarySerializer,
    DecideSerializer,
    DoneSerializer,
    MarkSerializer,
    MergeSerializer,
    OperationListSerializer,
    PreviewSerializer,
    ReasonSerializer,
    ReviewListSerializer,
    ReviewSerializer,
    UnmergeSerializer,
)
from profiles.ids import BIGGEST_ID
from profiles.models import Boundary, ChannelIdentity, Operation, Profile, Review, Sighting, Trait
from profiles.operations import Done, UnknownProfileError, VerbRefusedError
from profiles.preview import preview_merge
from profiles.review_queue import decide, open_reviews, put_off, review_view
from profiles.why import operation_views

MOST = 100
M = TypeVar("M", bound=Model)


class Refused(APIException):
    """The request is understood and cannot be done; the detail says why."""

    status_code = 422
    default_code = "refused"


def done_document(done: Done) -> dict[str, Any]:
    """What a verb answers: its operation (null when there was nothing to do) and the profiles it was about."""
    operation = asdict(operation_views([done.operation])[0]) if done.operation else None
    names = dict(Profile.objects.filter(id__in=done.profile_ids).values_list("id", "display_name"))
    members: dict[int, list[int]] = {pk: [] for pk in done.profile_ids}
    rows = ChannelIdentity.objects.filter(profile_id__in=members, void_in=None).order_by("id")
    for pk, profile_id in rows.values_list("id", "profile_id"):
        members[profile_id].append(pk)
    profiles = [{"id": pk, "display_name": names.get(pk, ""), "channel_identities": members[pk]} for pk in members]
    return {"operation": operation, "profiles": profiles}


class _Verb(APIView):
    """A verb of identity: checked, done, answered with `{operation, profiles}`."""

    permission_classes = [JudgesIdentity]

    def said(self, request: Request, serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """What the body says. Raises ValidationError."""
        checked = serializer(data=request.data)
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)

    def answer(self, verb: Callable[[], Done]) -> Response:
        """What the verb did. Raises NotFound for an unknown profile, Refused with the reason."""
        try:
            return Response(done_document(verb()))
        except UnknownProfileError as error:
            raise NotFound(str(error)) from error
        except VerbRefusedError as error:
            raise Refused(str(error)) from error


def found(model: type[M], pk: int) -> M:
    """The row. Raises NotFound."""
    row = model._default_manager.filter(pk=pk).first() if pk <= BIGGEST_ID else None
    if row is None:
        raise NotFound(f"no such {model._meta.verbose_name}")
    return row


class Merge(_Verb):
    """Two profiles are one person. Merging twice, or a profile with itself, does nothing."""

    @extend_schema(request=MergeSerializer, responses=DoneSerializer)
    def post(self, request: Request, profile_id: int) -> Response:
        said = self.said(request, MergeSerializer)
        return self.answer(
            lambda: merging.merge(
                profile_id, said["other"], actor=actor_of(request), reason=said["reason"], choices=said["choices"]
            )
        )


class MergePreview(_Verb):
    """What merging would do: what moves, which trait wins and why, what is kept, what gives way."""

    @extend_schema(request=MergeSerializer, responses=PreviewSerializer)
    def post(self, request: Request, profile_id: int) -> Response:
        said = self.said(request, MergeSerializer)
        try:
            preview = preview_merge(profile_id, said["other"], actor=actor_of(request), choices=said["choices"])
        except UnknownProfileError as error:
            raise NotFound(str(error)) from error
        except VerbRefusedError as error:
            raise Refused(str(error)) from error
        result = preview.result
        would_be = {
            "id": result.id,
            "display_name": result.display_name,
            "channel_identities": sorted(member.id for member in result.channel_identities),
        }
        # As every verb answers: nothing was done, so there is no operation.
        return Response(PreviewSerializer(asdict(preview) | {"operation": None, "profiles": [would_be]}).data)


class Unmerge(_Verb):
    """Some channel identities of a profile are another person, for good; each goes back with everything that is its."""

    @extend_schema(request=UnmergeSerializer, responses=DoneSerializer)
    def post(self, request: Request, profile_id: int) -> Response:
        said = self.said(request, UnmergeSerializer)
        return self.answer(
            lambda: merging.unmerge(
                profile_id, said["channel_identities"], actor=actor_of(request), reason=said["reason"]
            )
        )


class Undo(_Verb):
    """As if the operation had not been; what it had taken back stands again. Undoing an undo does it again."""

    @extend_schema(request=ReasonSerializer, responses=DoneSerializer)
    def post(self, request: Request, operation_id: int) -> Response:
        said = self.said(request, ReasonSerializer)
        operation = found(Operation, operation_id)
        return self.answer(lambda: correcting.undo(operation, actor=actor_of(request), reason=said["reason"]))


class WithdrawSighting(_Verb):
    """The identifier does not belong to that channel identity."""

    @extend_schema(request=ReasonSerializer, responses=DoneSerializer)
    def post(self, request: Request, sighting_id: int) -> Response:
        said = self.said(request, ReasonSerializer)
        row = found(Sighting, sighting_id)
        return self.answer(lambda: correcting.withdraw_sighting(row, actor=actor_of(request), reason=said["reason"]))


class WithdrawTrait(_Verb):
    """The value is wrong and is not shown again."""

    @extend_schema(request=ReasonSerializer, responses=DoneSerializer)
    def post(self, request: Request, trait_id: int) -> Response:
        said = self.said(request, ReasonSerializer)
        row = found(Trait, trait_id)
        return self.answer(lambda: correcting.withdraw_trait(row, actor=actor_of(request), reason=said["reason"]))


class WithdrawBoundary(_Verb):
    """The same person goes on using the address: what came later goes back."""

    @extend_schema(request=ReasonSerializer, responses=DoneSerializer)
    def post(self, request: Request, boundary_id: int) -> Response:
        said = self.said(request, ReasonSerializer)
        row = found(Boundary, boundary_id)
        return self.answer(lambda: correcting.withdraw_boundary(row, actor=actor_of(request), reason=said["reason"]))


class Boundaries(_Verb):
    """Somebody else writes from this address since then."""

    @extend_schema(request=BoundarySerializer, responses=DoneSerializer)
    def post(self, request: Request) -> Response:
        said = self.said(request, BoundarySerializer)
        identity = found(ChannelIdentity, said["channel_identity"])
        return self.answer(
            lambda: correcting.draw_boundary(identity, said["since"], actor=actor_of(request), reason=said["reason"])
        )


class Markings(_Verb):
    """An identifier is shared (`generic`), nobody's (`blocked`) or one person's (`normal`), by a human's word."""

    @extend_schema(request=MarkSerializer, responses=DoneSerializer)
    def post(self, request: Request) -> Response:
        said = self.said(request, MarkSerializer)
        return self.answer(
            lambda: correcting.mark(
                said["kind"],
                said["scope"],
                said["value"],
                said["status"],
                actor=actor_of(request),
                reason=said["reason"],
            )
        )


class Operations(APIView):
    """The log: every use of a verb, newest first."""

    permission_classes = [JudgesIdentity]

    @extend_schema(
        operation_id="identity_operations_list",
        parameters=[
            OpenApiParameter("before", int, description="the last id of the page before"),
            OpenApiParameter("profile", int, description="only those about this profile"),
            OpenApiParameter("limit", int),
        ],
        responses=OperationListSerializer,
    )
    def get(self, request: Request) -> Response:
        limit = whole_number(request, "limit", default=50, least=1, most=MOST)
        rows = Operation.objects.select_related("actor").order_by("-id")
        if before := whole_number(request, "before", default=0, least=0):
            rows = rows.filter(id__lt=before)
        if profile := whole_number(request, "profile", default=0, least=0):
            rows = rows.filter(subjects__contains=[profile])
        page = list(rows[: limit + 1])
        following = next_url(request, before=str(page[limit - 1].pk)) if len(page) > limit else None
        results = [asdict(view) for view in operation_views(page[:limit])]
        return Response({"results": results, "next": following})


class Reviews(APIView):
    """Pairs that wait for a human, newest first."""

    permission_classes = [JudgesIdentity]

    @extend_schema(
        operation_id="identity_reviews_list",
        parameters=[
            OpenApiParameter("before", int, description="the last id of the page before"),
            OpenApiParameter("profile", int, description="only those about this profile"),
            OpenApiParameter("limit", int),
        ],
        responses=ReviewListSerializer,
    )
    def get(self, request: Request) -> Response:
        limit = whole_number(request, "limit", default=50, least=1, most=MOST)
        before = whole_number(request, "before", default=0, least=0) or None
        profile = whole_number(request, "profile", default=0, least=0) or None
        page = open_reviews(before=before, limit=limit + 1, profile_id=profile)
        following = next_url(request, before=str(page[limit - 1].id)) if len(page) > limit else None
        return Response({"results": [asdict(view) for view in page[:limit]], "next": following})


class ReviewDetail(APIView):
    """One review, whatever became of it."""

    permission_classes = [JudgesIdentity]

    @extend_schema(responses=ReviewSerializer)
    def get(self, request: Request, review_id: int) -> Response:
        return Response(asdict(review_view(found(Review, review_id))))


class ReviewDecision(_Verb):
    """The pair is the same person, or different people and never raised again unless new proof comes."""

    @extend_schema(request=DecideSerializer, responses=DoneSerializer)
    def post(self, request: Request, review_id: int) -> Response:
        said = self.said(request, DecideSerializer)
        review = found(Review, review_id)
        return self.answer(lambda: decide(review, said["decision"], actor=actor_of(request), reason=said["reason"]))


class ReviewLater(_Verb):
    """The review comes back in a week."""

    @extend_schema(request=None, responses=ReviewSerializer)
    def post(self, request: Request, review_id: int) -> Response:
        review = found(Review, review_id)
        put_off(review)
        return Response(asdict(review_view(review)))
