"""Pages in the language that a member of staff chose, whatever their browser asks for."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from profiles.models import StaffMember
from profiles.preferences import preferences_of


class ChosenLanguageMiddleware:
    """The member's language, if they chose one that there still is. Who has no session costs no query."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and isinstance(request.user, StaffMember):
            language = preferences_of(request.user).language
            if language in dict(settings.LANGUAGES):
                translation.activate(language)  # the locale middleware, which is around this one, cleans up
                request.LANGUAGE_CODE = language
        return self.get_response(request)
