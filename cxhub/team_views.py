"""Settings > Team: who works here, in which role; adding somebody by a log-in link, and closing the door again."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models.functions import Lower
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cxhub.firstrun import login_url
from profiles.ids import BIGGEST_ID
from profiles.models import Role, StaffMember
from profiles.models.staff import LOGIN_LINK_HOURS
from timeline.pages.agents import actor_of, admin_page, agent_page, is_admin, may_judge

ROLES = [
    (Role.AGENT, _lazy("Agent: reads and answers")),
    (Role.LEAD, _lazy("Lead: also decides who is who")),
    (Role.ADMIN, _lazy("Admin: also configures")),
]


class MemberForm(forms.Form):
    """Somebody new."""

    email = forms.EmailField(label=_lazy("E-mail"), max_length=254, widget=forms.EmailInput({"autocomplete": "off"}))
    name = forms.CharField(
        label=_lazy("Name"), max_length=120, required=False, widget=forms.TextInput({"autocomplete": "off"})
    )
    role = forms.ChoiceField(label=_lazy("Role"), choices=ROLES, initial=Role.AGENT)

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        if StaffMember.objects.filter(email=email).exists():
            raise forms.ValidationError(_("Somebody with this e-mail is here already."))
        return email


@require_GET
@agent_page
def settings_home(request: HttpRequest) -> HttpResponse:
    """Where settings begin for this role: the lines, or one's own."""
    return redirect("lines" if may_judge(request) else "me")


@require_http_methods(["GET", "POST"])
@admin_page
def team(request: HttpRequest) -> HttpResponse:
    """Everybody; a post adds one, and the answer shows their log-in link, which stands nowhere else."""
    if request.method == "GET":
        return _page(request)
    form = MemberForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, form=form)
    said = form.cleaned_data
    member = StaffMember.objects.create_staff(said["email"], role=Role(said["role"]), name=said["name"])
    return _page(request, linked=member, link=login_url(member))


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "here": "settings",
        "part": "team",
        "form": MemberForm(),
        "roles": ROLES,
        "members": StaffMember.objects.order_by("-is_active", Lower("name"), "email"),
        "hours": LOGIN_LINK_HOURS,
        **more,
    }
    return render(request, "settings/team.html", context, status=status)


@require_POST
@admin_page
def change_member(request: HttpRequest, member_id: int) -> HttpResponse:
    """The member has another role, a new log-in link, or no way in any more; or is back.

    What they had open ends with the next request. The last admin stays one.
    """
    with transaction.atomic():
        locked = StaffMember.objects.select_for_update().order_by("id")
        admins = {each.pk for each in locked.filter(role=Role.ADMIN, is_active=True)}
        member = locked.filter(pk=member_id).first() if member_id <= BIGGEST_ID else None
        if member is None:
            raise Http404("no such member")
        if "link" in request.POST and member.is_active and member.role != Role.INGEST:
            return _page(request, linked=member, link=login_url(member))
        role, is_active = _wanted(request, member)
        if admins <= {member.pk} and member.pk in admins and (role != Role.ADMIN or not is_active):
            messages.error(request, _("This is the last admin. Make somebody else one first."))
            return redirect("team")
        if (role, is_active) != (member.role, member.is_active):
            _store(member, role, is_active=is_active)
            messages.info(request, _("Saved"))
    return redirect("team") if member != actor_of(request) or is_admin(request) else redirect(reverse("home"))


def _wanted(request: HttpRequest, member: StaffMember) -> tuple[str, bool]:
    """Role and standing as posted; what was not posted, or is odd, stays."""
    role = request.POST.get("role", "")
    is_person = member.role != Role.INGEST and role in {each for each, _words in ROLES}
    active = {"on": True, "off": False}.get(request.POST.get("active", ""), member.is_active)
    return (role if is_person else member.role), active


def _store(member: StaffMember, role: str, *, is_active: bool) -> None:
    """Open streams end; who is let go is logged out everywhere, and stays so if they come back."""
    member.access_revision += 1
    if member.is_active and not is_active:
        member.session_revision += 1
    member.role, member.is_active = role, is_active
    member.save(update_fields=["role", "is_active", "access_revision", "session_revision"])
