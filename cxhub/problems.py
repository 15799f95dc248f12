"""Errors as RFC 9457 problem details: the API's own, and Django's 400, 403, 404 and 500 where programs call."""

import sys
from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from channels_ingest.adapters.base import clean_json
from cxhub.context import THEMES
from cxhub.logs import request_id
from timeline.snapshots import CursorError

CONTENT_TYPE = "application/problem+json"
#: What programs call; who reads pages is told by a page.
CALLED_BY_PROGRAMS = ("/api/", "/webhooks/", "/media/", "/chat/v1/")

#: A crashed PostgreSQL is back within this.
RETRY_SECONDS = "5"


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """The error as a problem document: what was expected, what came; never a value that was sent."""
    if isinstance(error, CursorError):
        error = exceptions.ValidationError({"cursor": [str(error)]})
    answer = exception_handler(error, context)
    if answer is None:
        return None
    detail = getattr(error, "detail", None)
    problem = _blank(answer.status_code)
    if isinstance(error, exceptions.ValidationError):
        problem |= {"detail": "The request is not valid.", "errors": clean_json(answer.data)}  # may quote half a sign
    elif detail is not None:
        problem["detail"] = str(detail)
    elif isinstance(answer.data, dict):
        problem["detail"] = str(answer.data.get("detail", ""))
    return Response(problem, status=answer.status_code, headers=_kept(answer), content_type=CONTENT_TYPE)


def _kept(answer: Response) -> dict[str, str]:
    return {name: answer[name] for name in ("WWW-Authenticate", "Retry-After", "Allow") if name in answer}


def _blank(status: int) -> dict[str, Any]:
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The answer to a request that Django itself refuses, such as one for another host."""
    return _problem_for_programs(request, 400) or defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The answer to one who is known and may not."""
    return _problem_for_programs(request, 403) or defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The answer to an address that does not exist."""
    return _problem_for_programs(request, 404) or defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer when a view failed; why is in the log only. While PostgreSQL is away, when to ask again."""
    status = 503 if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)) else 500
    answer = _problem_for_programs(request, status)
    if answer is None:
        answer = HttpResponse(_page(request, status), status=status)
    if status == 503:
        answer["Retry-After"] = RETRY_SECONDS
    return answer


def _page(request: HttpRequest, status: int) -> str:
    """Made without what pages know of who asks: that may be what failed. `again` is the page to ask for once more."""
    theme = request.COOKIES.get("theme", "")
    context = {
        "request_id": request_id.get(),
        "theme": theme if theme in THEMES else "",
        "again": request.get_full_path() if request.method == "GET" else "",
    }
    return render_to_string(f"{status}.html", context)


def _problem_for_programs(request: HttpRequest, status: int) -> HttpResponse | None:
    """The bare problem for a program; None for a reader of pages."""
    if not request.path.startswith(CALLED_BY_PROGRAMS):
        return None
    return JsonResponse(_blank(status), status=status, content_type=CONTENT_TYPE)
