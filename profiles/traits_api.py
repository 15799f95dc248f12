"""`POST /api/v1/profiles/{id}/traits/`: a fact that staff know, as they enter it on the page."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from profiles.access import actor_of
from profiles.api import TemporaryRedirect, elsewhere
from profiles.entering import LONGEST_NAME, LONGEST_VALUE, enter_trait
from profiles.identity_api import Refused, done_document
from profiles.identity_schema import DoneSerializer
from profiles.operations import UnknownProfileError, VerbRefusedError
from profiles.reading import current_profile_id


class EnterTraitSerializer(serializers.Serializer[Any]):
    """A fact: what, and its value."""

    name = serializers.CharField(max_length=LONGEST_NAME)
    value = serializers.CharField(max_length=LONGEST_VALUE)
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class Traits(APIView):
    """The customer's trait is what a colleague says; it is shown before what a channel says, which stays beside it.

    Its grade is `decided` and its source `agent`. 200 with `operation` null if it is so already. The operation can be
    undone.
    """

    @extend_schema(
        operation_id="profiles_traits_create",
        request=EnterTraitSerializer,
        responses={
            200: DoneSerializer,
            201: DoneSerializer,
            307: OpenApiResponse(description="merged into another profile"),
            404: OpenApiResponse(description="no such profile"),
            422: OpenApiResponse(description="no name or value, or not one line"),
        },
    )
    def post(self, request: Request, profile_id: int) -> Response | TemporaryRedirect:
        if profile_id >= 2**63:
            raise NotFound("no profile has or had this id")
        if current_profile_id(profile_id) != profile_id:
            return elsewhere(request, profile_id)
        checked = EnterTraitSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        said = checked.validated_data
        try:
            done = enter_trait(profile_id, said["name"], said["value"], actor=actor_of(request), reason=said["reason"])
        except UnknownProfileError as error:
            raise NotFound(str(error)) from error
        except VerbRefusedError as error:
            raise Refused(str(error)) from error
        return Response(done_document(done), status=200 if done.operation is None else 201)
