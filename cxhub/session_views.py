"""Logging in again over the open page: the session may end while an agent writes, and nothing of the page is lost."""

from http import HTTPStatus

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods

from cxhub.access_views import LoginForm
from profiles.access import READERS
from profiles.models import StaffMember


@login_not_required
@never_cache
@require_GET
def session(request: HttpRequest) -> JsonResponse:
    """`{member, csrf}`: who is logged in (null for nobody) and the token that forms need now."""
    member = request.user
    is_reader = isinstance(member, StaffMember) and member.is_active and member.role in READERS
    return JsonResponse({"member": str(member.pk) if is_reader else None, "csrf": get_token(request)})


@login_not_required
@never_cache
@sensitive_variables("password")
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def log_in_again(request: HttpRequest) -> HttpResponse:
    """The form of the dialog; 204 once the session is there, else the form with what was wrong."""
    form = LoginForm(request, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and form.member:
        login(request, form.member)
        return HttpResponse(status=204)
    response = render(request, "access/again.html", {"form": form})
    if form.is_bound:
        response.status_code = HTTPStatus.TOO_MANY_REQUESTS if form.retry_after_seconds else 422
    return response


@require_GET
@login_not_required
def fault(request: HttpRequest) -> HttpResponse:
    """The words in which `faults.js` says what failed, had before anything does; they say nothing of anybody."""
    answer = render(request, "fault.html")
    answer["Cache-Control"] = "private, max-age=3600"
    answer["Vary"] = "Cookie, Accept-Language"
    return answer
