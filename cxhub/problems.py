"""Errors as RFC 9457 problem details: the API's, and the plain 404 and 500 below `/api/`."""

from http import HTTPStatus
from typing import Any

from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from timeline.reading import CursorError

CONTENT_TYPE = "application/problem+json"


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """The error as a problem document: what was expected, what came; never a value that was sent."""
    if isinstance(error, CursorError):
        error = exceptions.ValidationError({"cursor": [str(error)]})
    answer = exception_handler(error, context)
    if answer is None:
        return None
    detail = getattr(error, "detail", None)
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(answer.status_code).phrase,
        "status": answer.status_code,
    }
    if isinstance(error, exceptions.ValidationError):
        problem |= {"detail": "The request is not valid.", "errors": answer.data}
    elif detail is not None:
        problem["detail"] = str(detail)
    elif isinstance(answer.data, dict):
        problem["detail"] = str(answer.data.get("detail", ""))
    return Response(problem, status=answer.status_code, headers=_kept(answer), content_type=CONTENT_TYPE)


def _kept(answer: Response) -> dict[str, str]:
    return {name: answer[name] for name in ("WWW-Authenticate", "Retry-After", "Allow") if name in answer}
