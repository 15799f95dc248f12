"""Who may open the agents' pages, and in which time zone they read them."""

import zoneinfo
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _lazy

from profiles.access import JUDGES, READERS
from profiles.models import Role, StaffMember
from profiles.preferences import preferences_of
from timeline.pages.recent import forget_taken_back

P = ParamSpec("P")
ZONE_COOKIE = "zone"
ASK_A_JUDGE = _lazy("Leads and admins decide who is who. Ask one of them to look at it.")


def is_fragment(request: HttpRequest) -> bool:
    """Whether the page's script asks, so that only the changed part is wanted."""
    return request.headers.get("HX-Request") == "true"


def is_scripted(request: HttpRequest) -> bool:
    """Whether a script asks, for a fragment or with a form that the browser would post: it goes on by itself."""
    return is_fragment(request) or "X-Plain-Form" in request.headers


def agent_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The view answers people who may read customers, in their own time zone; others are asked to log in.

    What a script asks for without a session answers 401: the page asks to log in over itself, and nothing is lost.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        member = request.user
        if not isinstance(member, StaffMember) or not member.is_active:
            return _to_login(request)
        if member.role not in READERS:
            raise PermissionDenied
        with timezone.override(zone_of(request)):
            response = view(request, *args, **kwargs)
        if request.method == "POST" and response.status_code < 400:
            forget_taken_back(request)
        if request.method == "POST" and is_scripted(request) and response.status_code in (302, 303):
            response = _sent_on(response, keeps_place=not is_fragment(request))
        patch_vary_headers(response, ["HX-Request"])
        return response

    guarded.login_required = False  # type: ignore[attr-defined]  # for a middleware: the check is made here
    guarded.is_for_staff = True  # type: ignore[attr-defined]  # for the front: only here are long bodies due
    return guarded


def judge_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The view answers people who may decide who is who; to other agents it says whom to ask."""

    @wraps(view)
    def judged(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not may_judge(request):
            raise PermissionDenied(ASK_A_JUDGE)
        return view(request, *args, **kwargs)

    return agent_page(judged)


def admin_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The view answers admins; to others it says whom to ask."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not is_admin(request):
            raise PermissionDenied(_lazy("Admins look after this. Ask one of them."))
        return view(request, *args, **kwargs)

    return agent_page(guarded)


def is_admin(request: HttpRequest) -> bool:
    """Whether whoever asks may configure the hub."""
    return isinstance(request.user, StaffMember) and request.user.role == Role.ADMIN


def may_judge(request: HttpRequest) -> bool:
    """Whether whoever asks may merge, separate and correct."""
    return isinstance(request.user, StaffMember) and request.user.role in JUDGES


def actor_of(request: HttpRequest) -> StaffMember:
    """Who asks, for the record. Only called in an agent's page."""
    if not isinstance(request.user, StaffMember):
        raise PermissionDenied
    return request.user


def zone_of(request: HttpRequest) -> zoneinfo.ZoneInfo:
    """The member's own choice, else the browser's as its script told us in a cookie; the server's for an odd one."""
    if isinstance(request.user, StaffMember) and (chosen := preferences_of(request.user).zone):
        return zoneinfo.ZoneInfo(chosen)
    try:
        return zoneinfo.ZoneInfo(request.COOKIES.get(ZONE_COOKIE, "") or settings.TIME_ZONE)
    except (KeyError, ValueError, OSError):  # unknown, not a zone's spelling, or the name of a folder of zones
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)


def _sent_on(response: HttpResponse, *, keeps_place: bool) -> HttpResponse:
    """The script opens the page; a redirect it would follow, and put the whole page where a fragment belongs.

    For htmx the place within the page is left out: with it a browser that is on that page already would load nothing.
    """
    url = response["Location"]
    sent = HttpResponse(status=204, headers={"HX-Redirect": url if keeps_place else url.partition("#")[0]})
    sent.cookies = response.cookies
    return sent


def _to_login(request: HttpRequest) -> HttpResponse:
    login = resolve_url(settings.LOGIN_URL)
    if not is_scripted(request):
        return redirect(f"{login}?{urlencode({'next': request.get_full_path()})}")
    return HttpResponse(status=401)  # the page asks to log in, over itself, and then asks again
