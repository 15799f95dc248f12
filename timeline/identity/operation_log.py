"""The log of who decided what about whom, and undoing it."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from profiles.correcting import undo as undo_operation
from profiles.ids import BIGGEST_ID, id_in
from profiles.models import Operation, Profile, Review
from profiles.operations import VerbRefusedError
from profiles.reading import current_profile_id
from profiles.why import operation_views
from timeline.identity.operation_rows import rows_of
from timeline.pages.agents import ASK_A_JUDGE, actor_of, agent_page, is_fragment, judge_page, may_judge
from timeline.pages.panel import name_of
from timeline.pages.recent import AGAIN, UNDO
from timeline.pages.toasts import say_done, say_refused, say_simply

PAGE = 50


@require_GET
@judge_page
def log(request: HttpRequest) -> HttpResponse:
    """Every use of a verb, newest first, of one customer if asked."""
    before, profile_id = (_number(request, name) for name in ("before", "profile"))
    rows = Operation.objects.select_related("actor").order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    if profile_id is not None:
        rows = rows.filter(subjects__contains=[profile_id])
    page = list(rows[: PAGE + 1])
    context = {
        "here": "merges",
        "may_judge": True,
        "rows": rows_of(operation_views(page[:PAGE])),
        "next": page[PAGE - 1].pk if len(page) > PAGE else None,
        "profile_id": profile_id,
        "name": _name(profile_id) if profile_id else "",
    }
    is_part = before is not None and is_fragment(request)
    return render(request, "merges/log_rows.html" if is_part else "merges/log.html", context)


@require_POST
@agent_page
def undo(request: HttpRequest, operation_id: int) -> HttpResponse:
    """As if the operation had not been; an undone one is done again by undoing its undo.

    An agent takes back what they wrote down themselves; everything else is for those who judge.
    """
    operation = Operation.objects.filter(pk=operation_id).first() if operation_id <= BIGGEST_ID else None
    is_own = operation is not None and operation.verb == Operation.Verb.ADD and operation.actor == request.user
    if not (is_own or may_judge(request)):
        raise PermissionDenied(ASK_A_JUDGE)
    if operation is None:
        raise Http404("no such operation")
    was_undo = operation.verb == Operation.Verb.UNDO
    try:
        done = undo_operation(operation, actor=actor_of(request), reason=request.POST.get("reason", "").strip()[:500])
    except VerbRefusedError as error:
        say_refused(request, str(error))
        return redirect(_back_to(request, operation))
    words = _("Done again") if was_undo else _("Undone")
    action = UNDO if was_undo else AGAIN
    if not may_judge(request):
        say_simply(request, words)
        return redirect(_back_to(request, operation))
    say_done(request, words, done, nothing=_("Somebody undid this already"), action=action)
    return redirect(_back_to(request, operation))


def _back_to(request: HttpRequest, operation: Operation) -> str:
    """The pair that the operation decided, or else the page that asked."""
    review_id = Review.objects.filter(operation=operation).values_list("id", flat=True).first()
    asked = request.POST.get("next", "")
    if review_id and asked.startswith(reverse("merges")) and not asked.startswith(reverse("log")):
        return reverse("review", args=[review_id])
    if url_has_allowed_host_and_scheme(asked, allowed_hosts=None) and asked.startswith("/"):
        return asked
    return reverse("log") if may_judge(request) else reverse("home")


def _number(request: HttpRequest, name: str) -> int | None:
    return id_in(request.GET.get(name, ""))


def _name(profile_id: int) -> str:
    current = current_profile_id(profile_id)
    if current is None:
        raise Http404("no such customer")
    return name_of(Profile.objects.filter(id=profile_id).values_list("display_name", flat=True).first() or "")
