"""A member's own page: how pages look, keys, notices, password, sessions and tokens."""

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.hashers import check_password
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from cxhub import login_throttle
from cxhub.access_views import PasswordForm
from profiles.ids import BIGGEST_ID
from profiles.models import ApiToken, StaffMember
from profiles.preferences import DENSITIES, THEMES, is_zone, prefer, preferences_of
from timeline.keys import KeyConflictError, checked, commands
from timeline.pages.agents import actor_of, agent_page, is_fragment

YEAR_SECONDS = 365 * 86_400
COMMON_ZONES = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def zones() -> list[str]:
    """The time zones by their cities' names, and UTC."""
    known = zoneinfo.available_timezones()
    return ["UTC", *sorted(name for name in known if name.partition("/")[0] in COMMON_ZONES)]


class LookForm(forms.Form):
    """How pages look; an empty choice leaves it to the browser."""

    theme = forms.ChoiceField(
        label=_lazy("Theme"),
        required=False,
        choices=[("", _lazy("As the system")), ("light", _lazy("Light")), ("dark", _lazy("Dark"))],
    )
    density = forms.ChoiceField(
        label=_lazy("Density of lists"),
        required=False,
        choices=[("", _lazy("Roomy")), ("compact", _lazy("Compact: a quarter less room"))],
    )
    language = forms.ChoiceField(label=_lazy("Language"), required=False)
    zone = forms.ChoiceField(label=_lazy("Time zone"), required=False)

    def __init__(self, data: Any = None, *, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["language"].choices = [("", _("As the browser")), *settings.LANGUAGES]  # type: ignore[attr-defined]
        self.fields["zone"].choices = [("", _("As the browser")), *((z, z.replace("_", " ")) for z in zones())]  # type: ignore[attr-defined]


class NameForm(forms.Form):
    """What colleagues and customers read."""

    name = forms.CharField(
        label=_lazy("Your name"),
        max_length=120,
        required=False,
        strip=True,
        widget=forms.TextInput({"autocomplete": "name", "dir": "auto"}),
    )


class NewPasswordForm(PasswordForm):
    """A new password, for who knows the old one."""

    old = forms.CharField(
        label=_lazy("Password now"), strip=False, widget=forms.PasswordInput({"autocomplete": "current-password"})
    )
    field_order = ("old", "password")

    def __init__(self, member: StaffMember, data: Any = None, *, request: HttpRequest | None = None) -> None:
        super().__init__(member, data)
        self.request = request
        self.fields["password"].widget.attrs.pop("autofocus", None)

    def clean_old(self) -> str:
        """Raises ValidationError for a wrong one; who guesses waits as at the log-in."""
        old = str(self.cleaned_data["old"])
        assert self.request is not None
        subjects = login_throttle.subjects_of(self.request, self.member.email)
        try:
            login_throttle.check(subjects)
            with login_throttle.hashing():
                is_right = check_password(old, self.member.password)
        except (login_throttle.ThrottledError, login_throttle.BusyError) as error:
            raise forms.ValidationError(_("That were too many attempts. Please wait a while.")) from error
        if not is_right:
            login_throttle.note_failure(subjects)
            raise forms.ValidationError(_("That is not your password."))
        return old


@require_GET
@agent_page
def me(request: HttpRequest) -> HttpResponse:
    """The page."""
    return _page(request)


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    member = actor_of(request)
    mine = preferences_of(member)
    theme = request.COOKIES.get("theme", mine.theme)
    context = {
        "here": "me",
        "member": member,
        "mine": mine,
        "name_form": NameForm(initial={"name": member.name}),
        "look_form": LookForm(
            initial={
                "theme": theme if theme in THEMES else "",
                "density": mine.density,
                "language": mine.language,
                "zone": mine.zone,
            }
        ),
        "password_form": NewPasswordForm(member),
        "chosen": dict(mine.keys),
        "tokens": ApiToken.objects.filter(member=member, revoked_at=None).order_by("-id"),
        **more,
    }
    return render(request, "me/page.html", context, status=status)


def _saved(request: HttpRequest, words: str = "", anchor: str = "") -> HttpResponse:
    messages.info(request, words or _("Saved"))
    response = redirect("me")
    response["Location"] += anchor
    return response


@require_POST
@agent_page
def set_look(request: HttpRequest) -> HttpResponse:
    """Name, theme, density, language and time zone are as chosen."""
    name, look = NameForm(request.POST), LookForm(request.POST)
    if not (name.is_valid() and look.is_valid()):
        return _page(request, status=422, name_form=name, look_form=look)
    member, said = actor_of(request), look.cleaned_data
    if said["zone"] and not is_zone(said["zone"]):
        raise Http404("no such zone")
    member.name = name.cleaned_data["name"]
    member.save(update_fields=["name"])
    assert said["density"] in DENSITIES
    prefer(member, **{field: said[field] for field in ("theme", "density", "language", "zone")})
    if said["language"]:
        translation.activate(said["language"])
    response = _saved(request)
    if said["theme"]:
        response.set_cookie("theme", said["theme"], max_age=YEAR_SECONDS, samesite="Lax")
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


@require_POST
@agent_page
def set_keys(request: HttpRequest) -> HttpResponse:
    """Single keys are on or off; with fields named by our keys each has the key that was chosen for it.

    Two commands with one key are refused in words, and nothing changes.
    """
    member = actor_of(request)
    if "has_keys" in request.POST and "form" not in request.POST:  # the switch behind the question mark
        prefer(member, has_keys=request.POST["has_keys"] == "on")
        return HttpResponse(status=204)
    if "reset" in request.POST:
        prefer(member, keys={})
        return _saved(request, anchor="#keys")
    chosen = {c.key: request.POST.get(f"key {c.key}", "")[:10] for c in commands()}
    try:
        keys = checked(chosen)
    except KeyConflictError as error:
        return _page(request, status=422, chosen=chosen, keys_refusal=str(error))
    prefer(member, keys=keys, has_keys=request.POST.get("has_keys") == "on")
    return _saved(request, anchor="#keys")


@require_POST
@agent_page
def set_notices(request: HttpRequest) -> HttpResponse:
    """Whether this member wants notices of the desktop, and what they say; each browser still asks for itself.

    The inbox offers them until somebody has chosen, or declined for good.
    """
    if "offer" in request.POST:
        prefer(actor_of(request), has_declined_notices=True)
        return HttpResponse() if is_fragment(request) else redirect("inbox", view="mine")
    said = {name: request.POST.get(name) == "on" for name in ("has_notices", "has_notice_text")}
    prefer(actor_of(request), **said, has_declined_notices=True)
    return _saved(request, anchor="#notices")


@sensitive_variables()
@sensitive_post_parameters()
@require_POST
@agent_page
def change_password(request: HttpRequest) -> HttpResponse:
    """The password is a new one; other browsers are logged out, this one stays."""
    member = actor_of(request)
    form = NewPasswordForm(member, request.POST, request=request)
    if not form.is_valid():
        return _page(request, status=422, password_form=form)
    member.set_password(form.cleaned_data["password"])
    member.access_revision += 1
    member.save(update_fields=["password", "access_revision"])
    update_session_auth_hash(request, member)
    return _saved(request, _("Your password is changed. Other browsers are logged out."))


@require_POST
@agent_page
def log_out_everywhere(request: HttpRequest) -> HttpResponse:
    """Every session of the member is over, this one too, and live streams end."""
    member = actor_of(request)
    StaffMember.objects.filter(pk=member.pk).update(
        session_revision=F("session_revision") + 1, access_revision=F("access_revision") + 1
    )
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@require_POST
@agent_page
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """The member's token opens nothing any more."""
    mine = ApiToken.objects.filter(member=actor_of(request), revoked_at=None)
    if token_id > BIGGEST_ID or not mine.filter(pk=token_id).update(revoked_at=timezone.now()):
        raise Http404("no such token of yours")
    return _saved(request, _("The token is revoked"), "#tokens")
