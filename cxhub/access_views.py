"""Logging in with a password or a one-time link, choosing a password, logging out."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.password_validation import validate_password
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from cxhub import login_throttle
from profiles.models import LoginLink, Role, StaffMember

#: Set in the session by a one-time link: the password may be chosen without knowing an old one.
MAY_SET_PASSWORD = "may_set_password"  # noqa: S105  (the name of a flag)


class LoginForm(forms.Form):
    """E-mail and password; one message for every reason of refusal, so that it tells nobody who works here."""

    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput({"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput({"autocomplete": "current-password"})
    )

    def __init__(self, request: HttpRequest, data: Any = None) -> None:
        super().__init__(data)
        self.request = request
        self.member: StaffMember | None = None
        self.retry_after_seconds = 0

    def clean(self) -> dict[str, Any]:
        """`member` is who may come in. Who has tried too often is refused before the password is looked at."""
        values = super().clean() or self.cleaned_data
        email, password = str(values.get("email", "")).strip().lower(), values.get("password")
        try:
            self.member = self._found(email, password) if email and password else None
        except login_throttle.BusyError as error:
            self.retry_after_seconds = error.retry_after_seconds
            raise forms.ValidationError(
                _("Many people are logging in right now. Please try again in a moment.")
            ) from error
        except login_throttle.ThrottledError as error:
            self.retry_after_seconds = error.retry_after_seconds
            raise forms.ValidationError(
                _("That were too many attempts. Please wait a quarter of an hour, or ask an admin for a log-in link.")
            ) from error
        if self.member is None:
            raise forms.ValidationError(_("That e-mail and password do not go together."))
        return values

    def _found(self, email: str, password: str) -> StaffMember | None:
        """Who this is; a server's account has no business on pages. Raises ThrottledError."""
        subjects = login_throttle.subjects_of(self.request, email)
        login_throttle.check(subjects)  # who is refused anyway does not hold a thread waiting for its turn
        with login_throttle.hashing():
            login_throttle.check(subjects)  # others of the same guesser may have failed in the meantime
            member = authenticate(self.request, username=email, password=password)
        if not isinstance(member, StaffMember) or member.role == Role.INGEST:
            login_throttle.note_failure(subjects)
            return None
        login_throttle.forgive(subjects)
        return member


class PasswordForm(forms.Form):
    """A new password, typed once: the browser shows it on demand and a manager fills it."""

    password = forms.CharField(
        label=_("New password"),
        strip=False,
        help_text=_("At least 12 characters. A few words that belong together only for you are good."),
        widget=forms.PasswordInput({"autocomplete": "new-password", "autofocus": True, "minlength": 12}),
    )

    def __init__(self, member: StaffMember, data: Any = None) -> None:
        super().__init__(data)
        self.member = member

    def clean_password(self) -> str:
        """The password, if the rules of `AUTH_PASSWORD_VALIDATORS` accept it for this member."""
        password = str(self.cleaned_data["password"])
        validate_password(password, self.member)
        return password


@login_not_required
@sensitive_variables("password")
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """The log-in page; afterwards the page that asked for it."""
    target = _target(request)
    if request.user.is_authenticated:
        return redirect(target)
    form = LoginForm(request, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and form.member:
        login(request, form.member)
        return redirect(target)
    response = render(request, "access/login.html", {"form": form, "next": target})
    if form.is_bound:
        response.status_code = HTTPStatus.TOO_MANY_REQUESTS if form.retry_after_seconds else 422
    if form.retry_after_seconds:
        response["Retry-After"] = str(form.retry_after_seconds)
    return response


def _target(request: HttpRequest) -> str:
    """The path that asked for the log-in if it is one of ours, else the inbox."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    # Without its slash it would be taken for the name of a URL, and an unknown name is an error.
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if is_ours and target.startswith("/") else resolve_url(settings.LOGIN_REDIRECT_URL)


@login_not_required
@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """The session is gone and open live streams of this member end."""
    if isinstance(request.user, StaffMember):
        StaffMember.objects.filter(pk=request.user.pk).update(access_revision=F("access_revision") + 1)
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@login_not_required
@require_http_methods(["GET", "POST"])
def log_in_by_link(request: HttpRequest, secret: str) -> HttpResponse:
    """A button that redeems the link: a chat's link preview, which only fetches, cannot use it up."""
    if request.method == "GET":
        return render(request, "access/link.html")
    member = LoginLink.redeem(secret)
    if member is None:
        return render(request, "access/link_used.html", status=410)
    login(request, member, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[MAY_SET_PASSWORD] = True
    return redirect("set-password")


@login_not_required
@sensitive_variables("form")
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def set_password(request: HttpRequest) -> HttpResponse:
    """Whoever came in by a link chooses a password, once."""
    member = request.user
    if not isinstance(member, StaffMember) or not request.session.get(MAY_SET_PASSWORD):
        return redirect(settings.LOGIN_URL)
    form = PasswordForm(member, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        member.set_password(form.cleaned_data["password"])
        member.save(update_fields=["password"])
        update_session_auth_hash(request, member)
        del request.session[MAY_SET_PASSWORD]
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(
        request, "access/password.html", {"form": form, "member": member}, status=422 if form.is_bound else 200
    )
