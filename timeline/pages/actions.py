"""What agents do to customers: a post each, for the open customer or for those chosen in the queue.

The answer to the page's script is what it has to say, and the ids that it should pull; without a script it is a page.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from profiles.ids import id_in
from profiles.models import Profile
from timeline.pages import acting
from timeline.pages.acting import MOST_CUSTOMERS, Change
from timeline.pages.action_sheets import SHEETS, sheet_context
from timeline.pages.agents import actor_of, agent_page, is_fragment
from timeline.pages.asking import ACTIONS, AskedOddlyError
from timeline.pages.listing import AskedQueue, carried_queue
from timeline.pages.panel import name_of
from timeline.pages.sheets import sheet
from timeline.pages.toasts import say_refused, say_simply, say_work
from timeline.queue_views import Place
from timeline.showing.wording import isolated
from timeline.work.verbs import WorkRefusedError


@dataclass(frozen=True, slots=True)
class Meant:
    """The customers of a post, and the queue that it came from; `is_one` for the open customer's own buttons."""

    profile_ids: Sequence[int]
    queue: AskedQueue
    is_one: bool

    @property
    def back(self) -> str:
        """Where the agent was."""
        return self.queue.customer_url(self.profile_ids[0]) if self.is_one else self.queue.url


@require_http_methods(["GET", "POST"])
@agent_page
def act(request: HttpRequest, action: str) -> HttpResponse:
    """Asks what is to be done, or does it."""
    if action not in ACTIONS:
        raise Http404("no such action")
    meant = _meant(request)
    if request.method == "GET":
        return _ask(request, action, meant)
    try:
        asked = ACTIONS[action](request.POST, actor_of(request))
        if not meant.profile_ids:
            raise AskedOddlyError(_("Choose a customer first."))
        if len(meant.profile_ids) > MOST_CUSTOMERS:
            words = _("Choose at most %(most)d customers at once.") % {"most": MOST_CUSTOMERS}
            raise AskedOddlyError(words)
        place = _place(request, meant)
        changes, refused = acting.do(meant.profile_ids, asked.wishes, actor=actor_of(request))
        if refused and not changes:
            raise WorkRefusedError(next(iter(refused.values())))
    except (AskedOddlyError, WorkRefusedError) as error:
        return _refuse(request, action, meant, str(error))
    _say(request, asked.said, changes, len(meant.profile_ids), refused)
    if request.POST.get("go") == "next":
        return _go_on(request, meant, place)
    return _answer(request, [change.profile_id for change in changes], meant.back)


@require_POST
@agent_page
def take_back(request: HttpRequest) -> HttpResponse:
    """What the last message offered to take back is taken back, as far as it still stands."""
    queue = carried_queue(request, request.POST.get("view", "all"))
    try:
        customers, passed_over, refused = acting.undo(request.POST.get("token", ""), actor=actor_of(request))
    except signing.BadSignature:
        say_refused(request, _("This cannot be taken back any more."))
        return _answer(request, [], queue.url)
    if refused:
        say_refused(request, _refused_words(refused))
    elif passed_over:
        words = ngettext(
            "Left as it is, since somebody changed it again: %(count)d customer.",
            "Left as they are, since somebody changed them again: %(count)d customers.",
            passed_over,
        )
        say_refused(request, words % {"count": passed_over})
    else:
        say_simply(
            request, _("Taken back: %(who)s") % {"who": _who(customers)} if customers else _("It was so already")
        )
    return _answer(request, customers, queue.customer_url(customers[0]) if len(customers) == 1 else queue.url)


def _meant(request: HttpRequest) -> Meant:
    given = request.POST if request.method == "POST" else request.GET
    ids = map(id_in, given.getlist("profile"))
    known = list(dict.fromkeys(each for each in ids if each is not None))
    queue = carried_queue(request, given.get("view", "all"))
    return Meant(known, queue, is_one=len(known) == 1 and given.get("open") == "1")


def _ask(request: HttpRequest, action: str, meant: Meant, refusal: str = "") -> HttpResponse:
    if action not in SHEETS:
        raise Http404("nothing to ask")
    if not meant.profile_ids:
        say_refused(request, _("Choose a customer first."))
        return _answer(request, [], meant.queue.url)
    context = sheet_context(request, action, meant.profile_ids)
    context |= {
        "meant": meant,
        "who": _who(meant.profile_ids),
        "queue": meant.queue,
        "action": reverse("act", args=[action]),
        "back": meant.back,
        "refusal": refusal,
    }
    return sheet(request, SHEETS[action], context, status=422 if refusal else 200)


def _refuse(request: HttpRequest, action: str, meant: Meant, words: str) -> HttpResponse:
    """The sheet again with the reason, for what was asked in one; else the reason alone."""
    if request.POST.get("asked") == "1" and action in SHEETS and meant.profile_ids:
        return _ask(request, action, meant, words)
    say_refused(request, words)
    return _answer(request, [], meant.back if meant.profile_ids else meant.queue.url)


def _place(request: HttpRequest, meant: Meant) -> Place | None:
    """Where the open customer stands in the queue, before anything is done to them."""
    if not meant.is_one or request.POST.get("go") != "next" or meant.queue.is_spam:
        return None
    return meant.queue.listing(request).place_of(meant.profile_ids[0])


def _go_on(request: HttpRequest, meant: Meant, place: Place | None) -> HttpResponse:
    """To the next customer of the queue; to the queue itself when nobody is left."""
    leaving = meant.profile_ids[0]
    following = None
    if not meant.queue.is_spam:
        following = meant.queue.listing(request).next_after(place, leaving=leaving)
    url = meant.queue.customer_url(following) if following else meant.queue.url
    if not is_fragment(request):
        return redirect(url)
    if following is None:
        return HttpResponse(headers={"HX-Redirect": url})
    way = json.dumps({"path": url, "target": "#work", "push": "true"})
    return HttpResponse(headers={"HX-Location": way, "HX-Trigger": _changed([leaving])})


def _answer(request: HttpRequest, profile_ids: Collection[int], back: str) -> HttpResponse:
    """What is to be said, for the page that asked; without a script it is said on the page it came from."""
    if not is_fragment(request):
        return redirect(back)
    response = render(request, "work/done.html", {"queue": carried_queue(request, request.POST.get("view", "all"))})
    if profile_ids:
        response["HX-Trigger"] = _changed(profile_ids)
    return response


def _changed(profile_ids: Collection[int]) -> str:
    return json.dumps({"hub:changed": {"target": "body", "ids": [str(pk) for pk in dict.fromkeys(profile_ids)]}})


def _say(request: HttpRequest, said: str, changes: Sequence[Change], asked: int, refused: Mapping[int, str]) -> None:
    """The words for what was done, honest about whom it left as they were."""
    changed = list(dict.fromkeys(change.profile_id for change in changes))
    if not changed:
        say_simply(request, _("It was so already"))
        return
    words = said % {"who": _who(changed)}
    if unchanged := asked - len({*changed, *refused}):
        rest = ngettext("%(count)d was so already", "%(count)d were so already", unchanged) % {"count": unchanged}
        words = f"{words} · {rest}"
    if refused:
        words = f"{words} · {_refused_words(refused)}"
    say_work(request, words, acting.token_of(changes))


def _refused_words(refused: Mapping[int, str]) -> str:
    """How many were left as they are, and why the first of them was."""
    words = ngettext("Left %(count)d as it is: %(reason)s", "Left %(count)d as they are: %(reason)s", len(refused))
    return words % {"count": len(refused), "reason": next(iter(refused.values()))}


def _who(profile_ids: Sequence[int]) -> str:
    if len(profile_ids) == 1:
        name = Profile.objects.filter(pk=profile_ids[0]).values_list("display_name", flat=True).first()
        return isolated(name_of(name or ""))
    return ngettext("%(count)d customer", "%(count)d customers", len(profile_ids)) % {"count": len(profile_ids)}
