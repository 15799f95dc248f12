"""The queue of probable duplicates and the page that compares two customers, for leads and admins."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from profiles.ids import BIGGEST_ID, id_in
from profiles.merging import merge, tell_apart
from profiles.models import Profile, Review
from profiles.operations import Done, UnknownProfileError, VerbRefusedError
from profiles.preview import preview_merge
from profiles.reading import current_profile_id
from profiles.review_queue import bring_back, decide, open_reviews, place_of, put_off, review_view
from timeline.identity.comparing import Comparison, choices_in, compared_entries, comparison_of
from timeline.identity.report_pages import open_reports
from timeline.identity.review_rows import reasons_of, rows_of
from timeline.pages.agents import actor_of, judge_page
from timeline.pages.panel import name_of
from timeline.pages.toasts import say_done, say_put_off
from timeline.showing.wording import isolated

PAGE = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """What the form says: the verdict, why, and the values chosen for the merged profile."""

    verdict: str
    reason: str
    choices: dict[str, int]


@require_GET
@judge_page
def queue(request: HttpRequest) -> HttpResponse:
    """The pairs that wait, newest first; only the rows after `before` when the page's script asks."""
    before = _cursor(request)
    page = open_reviews(before=before, limit=PAGE + 1)
    context: dict[str, Any] = {
        "here": "merges",
        "rows": rows_of(page[:PAGE]),
        "next": page[PAGE - 1].id if len(page) > PAGE else None,
    }
    is_part = before is not None and request.headers.get("HX-Request") == "true"
    if before is None:
        context["reports"] = open_reports()
    return render(request, "merges/rows.html" if is_part else "merges/queue.html", context)


@require_http_methods(["GET", "POST"])
@judge_page
def review(request: HttpRequest, review_id: int) -> HttpResponse:
    """One pair of the queue: compared, then merged, told apart or put off; the next pair follows."""
    row = Review.objects.filter(pk=review_id).first() if review_id <= BIGGEST_ID else None
    if row is None:
        raise Http404("no such review")
    view = review_view(row)
    place = place_of(row.pk)
    context = {"review": view, "reasons": reasons_of(view), "place": place, "action": reverse("review", args=[row.pk])}
    if request.method == "GET":
        return _compare(request, view.one.id, view.other.id, context)
    answer = _answer(request)
    if answer.verdict == "later":
        put_off(row)
        say_put_off(request, _("Put off for a week"), row.pk)
        return _next_pair(place.following or place.previous)
    names = {side: isolated(name_of(who.display_name)) for side, who in (("one", view.one), ("other", view.other))}
    return _decided(
        request,
        answer,
        lambda: decide(row, answer.verdict, actor=actor_of(request), reason=answer.reason, choices=answer.choices),
        names=names,
        then=lambda: _asked_back(request) or _next_pair(place.following or place.previous),
        again=lambda refusal: _compare(request, view.one.id, view.other.id, context, answer, refusal),
    )


@require_http_methods(["GET", "POST"])
@judge_page
def compare(request: HttpRequest, one_id: int, other_id: int) -> HttpResponse:
    """Any two customers: compared, then merged or told apart; the merged customer is shown next."""
    one, other = _current(one_id), _current(other_id)
    context = {"action": reverse("compare", args=[one_id, other_id])}
    if request.method == "GET":
        return _compare(request, one, other, context)
    answer = _answer(request, verdicts=("same", "different"))
    actor = actor_of(request)

    def act() -> Done:
        if answer.verdict == "same":
            return merge(one, other, actor=actor, reason=answer.reason, choices=answer.choices)
        return tell_apart(one, other, actor=actor, reason=answer.reason)

    names = dict(zip(("one", "other"), map(isolated, _names(one, other)), strict=True))
    return _decided(
        request,
        answer,
        act,
        names=names,
        then=lambda: redirect("customer", profile_id=one),
        again=lambda refusal: _compare(request, one, other, context, answer, refusal),
    )


@require_GET
@judge_page
def timelines(request: HttpRequest, one_id: int, other_id: int) -> HttpResponse:
    """The newest entries of two customers, side by side by time."""
    one, other = _current(one_id), _current(other_id)
    context = {"here": "merges", "lines": compared_entries(one, other), "names": _names(one, other)}
    is_part = request.headers.get("HX-Request") == "true"
    return render(request, "merges/timelines.html" if is_part else "merges/timelines_page.html", context)


@require_http_methods(["POST"])
@judge_page
def back(request: HttpRequest, review_id: int) -> HttpResponse:
    """A review that was put off is in the queue again."""
    row = Review.objects.filter(pk=review_id).first() if review_id <= BIGGEST_ID else None
    if row is None:
        raise Http404("no such review")
    bring_back(row)
    return redirect("review", review_id=row.pk)


def _answer(request: HttpRequest, verdicts: tuple[str, ...] = ("same", "different", "later")) -> Answer:
    verdict = request.POST.get("verdict", "")
    if verdict not in verdicts:
        raise Http404("no such verdict")
    return Answer(verdict, request.POST.get("reason", "").strip()[:500], choices_in(request.POST))


def _decided(
    request: HttpRequest,
    answer: Answer,
    act: Callable[[], Done],
    *,
    names: dict[str, str],
    then: Callable[[], HttpResponse],
    again: Callable[[str], HttpResponse],
) -> HttpResponse:
    """The answer is done and said in a toast; refused, it stands on the page with the reason beside it."""
    try:
        done = act()
    except UnknownProfileError as error:
        raise Http404("no such customer") from error
    except VerbRefusedError as error:
        return again(str(error))
    if answer.verdict == "same":
        words, nothing = _("Merged %(one)s and %(other)s"), _("%(one)s and %(other)s were one customer already")
    else:
        words = nothing = _("%(one)s and %(other)s are different people")
    say_done(request, words % names, done, nothing=nothing % names)
    return then()


def _compare(
    request: HttpRequest,
    one: int,
    other: int,
    context: dict[str, Any],
    answer: Answer | None = None,
    refusal: str = "",
) -> HttpResponse:
    chosen = answer.choices if answer and not refusal else {}
    more = {
        "here": "merges",
        "comparison": _preview(request, one, other, chosen),
        "reason": answer.reason if answer else "",
        "refusal": refusal,
    }
    return render(request, "merges/compare.html", context | more, status=422 if refusal else 200)


def _preview(request: HttpRequest, one: int, other: int, choices: dict[str, int]) -> Comparison:
    try:
        return comparison_of(preview_merge(one, other, actor=actor_of(request), choices=choices), choices)
    except UnknownProfileError as error:
        raise Http404("no such customer") from error


def _asked_back(request: HttpRequest) -> HttpResponse | None:
    """The page of the hub that asked, if it named itself."""
    asked = request.POST.get("next", "")
    is_ours = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return redirect(asked) if is_ours else None


def _next_pair(review_id: int | None) -> HttpResponse:
    return redirect("review", review_id=review_id) if review_id else redirect("merges")


def _names(*profile_ids: int) -> list[str]:
    known = dict(Profile.objects.filter(id__in=profile_ids).values_list("id", "display_name"))
    return [name_of(known.get(pk, "")) for pk in profile_ids]


def _current(profile_id: int) -> int:
    current = current_profile_id(profile_id) if profile_id <= BIGGEST_ID else None
    if current is None:
        raise Http404("no such customer")
    return current


def _cursor(request: HttpRequest) -> int | None:
    return id_in(request.GET.get("before", ""))
