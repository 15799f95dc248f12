"""`POST /api/v1/uploads/`: a file for a message that is sent next."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_ingest.media.files import StorageError
from channels_ingest.writing.uploads import UploadError, take
from profiles.access import actor_of


class UploadFormSerializer(serializers.Serializer[Any]):
    """`multipart/form-data` with one file, of 25 MB at most."""

    file = serializers.FileField()


class UploadSerializer(serializers.Serializer[Any]):
    """The file by its `id`, which its uploader names in `files` of a message within 30 days.

    `mime_type` is by its content.
    """

    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField()
    mime_type = serializers.CharField()


class Uploads(APIView):
    """Takes a file. Whether a channel takes it is said when the message is sent: 422 there names the reason."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="uploads_create",
        request={"multipart/form-data": UploadFormSerializer},
        responses={
            201: UploadSerializer,
            422: OpenApiResponse(description="empty, too big, or too much for one day, and which"),
            503: OpenApiResponse(description="could not be stored; try again"),
        },
    )
    def post(self, request: Request) -> Response:
        file = request.FILES.get("file")
        if file is None or file.size is None:
            raise ValidationError({"file": ["expected a file as multipart/form-data"]})
        kind, name = file.content_type or "", file.name or ""
        try:
            taken = take(file, name=name, declared_type=kind, size=file.size, author=actor_of(request))
        except UploadError as error:
            return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        except StorageError:
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "the file could not be stored now; try again")
        return Response(UploadSerializer(taken).data, status=201)


def _problem(status: HTTPStatus, detail: str) -> Response:
    problem = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    return Response(problem, status=int(status), content_type="application/problem+json")
