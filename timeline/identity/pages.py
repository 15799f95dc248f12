"""A customer's identity: why these addresses are one person, who else uses them, and separating what is not theirs."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from profiles.ids import BIGGEST_ID, id_in
from profiles.merging import unmerge
from profiles.models import StaffMember
from profiles.operations import VerbRefusedError
from profiles.reading import ProfileView, current_profile_id, describe
from profiles.review_queue import open_reviews_of
from profiles.why import why
from timeline.entries import EntryKind
from timeline.identity.why_page import why_page
from timeline.models import Entry
from timeline.pages.agents import actor_of, agent_page, is_fragment, judge_page, may_judge
from timeline.pages.panel import AddressRow, Panel, name_of, panel_of
from timeline.pages.sheets import sheet
from timeline.pages.toasts import say_done, say_moved
from timeline.search.people import people_like


@dataclass(frozen=True, slots=True)
class Part:
    """One side of a separation: the customer it would be, and what goes there."""

    name: str
    addresses: list[AddressRow]
    entries: int


@dataclass(frozen=True, slots=True)
class Separable:
    """One channel identity with how many entries go with it."""

    row: AddressRow
    entries: int
    is_ticked: bool


@require_GET
@agent_page
def identity(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Why the customer is one person; leads and admins find there what corrects it."""
    current = current_or_404(profile_id)
    found = why(current)
    if found is None or current != profile_id:
        say_moved(request, current)
        return redirect("identity", profile_id=current)
    reviews = open_reviews_of(profile_id)
    context = {"page": why_page(found), "may_judge": may_judge(request), "reviews": reviews}
    return render(request, "identity/why.html", context)


@require_http_methods(["GET", "POST"])
@judge_page
def separate(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Ticked addresses become a customer of their own, for good; before, it is shown what goes where."""
    current = current_or_404(profile_id)
    if current != profile_id:
        say_moved(request, current)
        return redirect("separate", profile_id=current)
    sent = request.POST if request.method == "POST" else request.GET
    ticked = {pk for text in sent.getlist("identity") if (pk := id_in(text)) is not None}
    reason = sent.get("reason", "").strip()[:500]
    refusal = ""
    if request.method == "POST":
        try:
            done = unmerge(profile_id, ticked, actor=actor_of(request), reason=reason)
        except VerbRefusedError as error:
            refusal = str(error)
        else:
            say_done(request, _("Separated"), done, nothing=_("They were separated already"))
            return redirect("identity", profile_id=profile_id)
    return _separation(request, profile_id, ticked, reason, refusal)


@require_GET
@judge_page
def merge_with(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Whom to merge the customer with: found by identifier, name or number; then both are compared."""
    panel = _panel(current_or_404(profile_id))
    asked = request.GET.get("q", "").strip()[:320]
    people = people_like(asked, without=panel.profile_id) if asked else []
    context = {"panel": panel, "asked": asked, "people": people}
    if "q" in request.GET and is_fragment(request):
        return render(request, "identity/people.html", context)
    return sheet(request, "identity/merge_with.html", context)


def current_or_404(profile_id: int) -> int:
    """Where the id leads today. Raises Http404."""
    current = current_profile_id(profile_id) if profile_id <= BIGGEST_ID else None
    if current is None:
        raise Http404("no such customer")
    return current


def _panel(profile_id: int) -> Panel:
    profile = describe(profile_id)
    if profile is None:
        raise Http404("no such customer")
    return panel_of(profile)


def _separation(request: HttpRequest, profile_id: int, ticked: set[int], reason: str, refusal: str) -> HttpResponse:
    panel = _panel(profile_id)
    counts = _entry_counts(row.id for row in panel.addresses)
    parts = _parts(profile_id, ticked, counts, actor_of(request))
    context = {
        "panel": panel,
        "rows": [Separable(row, counts.get(row.id, 0), row.id in ticked) for row in panel.addresses],
        "parts": parts,
        "reason": reason,
        "refusal": refusal,
        "back": reverse("identity", args=[profile_id]),
    }
    if is_fragment(request):
        return render(request, "identity/parts.html", context)
    return render(request, "identity/separate.html", context, status=422 if refusal else 200)


def _parts(profile_id: int, ticked: set[int], counts: dict[int, int], actor: StaffMember) -> list[Part]:
    """Both customers as they would be, told by separating and rolling back; none while nothing sensible is ticked."""
    if not ticked:
        return []
    with transaction.atomic():
        try:
            done = unmerge(profile_id, ticked, actor=actor)
            profiles = [profile for pk in done.profile_ids if (profile := describe(pk)) is not None]
        except VerbRefusedError:
            profiles = []
        transaction.set_rollback(True)
    staying = sorted(profiles, key=lambda profile: profile.id != profile_id)
    return [_part(profile, counts) for profile in staying]


def _part(profile: ProfileView, counts: dict[int, int]) -> Part:
    addresses = panel_of(profile).addresses
    return Part(name_of(profile.display_name), addresses, sum(counts.get(row.id, 0) for row in addresses))


def _entry_counts(channel_identity_ids: Iterable[int]) -> dict[int, int]:
    rows = Entry.objects.filter(channel_identity_id__in=list(channel_identity_ids)).exclude(kind=EntryKind.IDENTITY)
    return dict(rows.values_list("channel_identity_id").annotate(Count("id")).order_by())
