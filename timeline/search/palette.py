"""The palette: everything an agent goes to, looks for or does, from one box that `Ctrl+K` opens anywhere.

Places and what is found come from here. What can be done is on the page already: every control with a `data-key` is a
command, and the page's script lists those that match.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET

from profiles.models import StaffMember
from profiles.searching import find_customers
from profiles.words import words_in
from timeline.keys import commands
from timeline.pages.agents import actor_of, agent_page, is_admin, is_fragment, may_judge
from timeline.pages.listing import NAMES
from timeline.pages.recent import RecentAction, recent_actions
from timeline.pages.sheets import sheet
from timeline.saved_views import views_for
from timeline.search.finding import LONGEST_ASKED, search_entries
from timeline.search.rows import customer_row, entry_row, recent_rows

CUSTOMERS, ENTRIES, PLACES = 6, 5, 6
#: A beginning that nearly every message has is no question yet.
FEWEST_FOR_ENTRIES = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to go. `also` are other words for it; `key` its shortcut."""

    name: str | Promise
    icon: str
    url: str
    arguments: tuple[str, ...] = ()
    also: str | Promise = ""
    key: str = ""
    is_for: Callable[[HttpRequest], bool] = lambda _request: True

    @property
    def href(self) -> str:
        return reverse(self.url, args=self.arguments)


ALL_PLACES = (
    Place(_lazy("Inbox"), "inbox", "inbox", ("all",), _lazy("all customers queue"), "g i"),
    Place(_lazy("Waiting"), "clock", "inbox", ("waiting",), _lazy("unanswered queue"), "g w"),
    *(
        Place(name, icon, "inbox", (view,), _lazy("view queue"))
        for view, (icon, name) in NAMES.items()
        if view not in ("all", "waiting")
    ),
    Place(_lazy("Search"), "search", "search", (), _lazy("find messages"), "/"),
    Place(_lazy("New conversation"), "plus", "new-conversation", (), _lazy("write to somebody, new customer"), "+"),
    Place(_lazy("Merges"), "git-merge", "merges", (), _lazy("duplicates, same person"), "g m", may_judge),
    Place(_lazy("My settings"), "user", "me", (), _lazy("keys theme language zone density notices password tokens")),
    Place(_lazy("Snippets"), "message-square-text", "snippets", (), _lazy("texts to use again, settings")),
    Place(_lazy("Settings"), "settings-2", "settings", (), _lazy("channels team"), "g s"),
    Place(_lazy("Channels"), "plug", "lines", (), _lazy("lines webhook URL deliveries replay settings"), "", may_judge),
    Place(_lazy("Team"), "users-round", "team", (), _lazy("colleagues roles log-in link settings"), "", is_admin),
    Place(_lazy("Log of merges"), "history", "log", (), _lazy("undo, who decided what"), "", may_judge),
)


def places_like(asked: str, request: HttpRequest) -> list[Place]:
    """The places whose words begin like every word that was asked for; all of them if nothing was."""
    wanted = [word.text for word in words_in(asked)]
    if asked.strip() and not wanted:
        return []
    saved = (
        Place(view.name, "list-filter", "inbox", (view.slug,), _lazy("view queue"))
        for view in views_for(actor_of(request))
    )
    found = [place for place in (*ALL_PLACES, *saved) if place.is_for(request) and _has(place, wanted)]
    return found if not wanted else found[:PLACES]


def _has(place: Place, wanted: list[str]) -> bool:
    return _says(f"{place.name} {place.also}", wanted)


def _says(text: str, wanted: list[str]) -> bool:
    words = [word.text for word in words_in(text)]
    return all(any(word.startswith(each) for word in words) for each in wanted)


@require_GET
@agent_page
def palette(request: HttpRequest) -> HttpResponse:
    """The box with what it shows before anything is typed; for its script the results alone."""
    asked = request.GET.get("q", "").replace("\0", " ")[:LONGEST_ASKED]
    words = json.dumps({command.key: str(command.words) for command in commands()})
    context = {"asked": asked, "here": "palette", "places": places_like(asked, request), "words": words}
    context |= {"recent": _taken_back(asked, request), "back": urlsplit(request.headers.get("HX-Current-URL", "")).path}
    context |= _found(asked, actor_of(request))
    if is_fragment(request) and "q" in request.GET:
        return render(request, "palette/results.html", context)
    return sheet(request, "palette/sheet.html", context)


def _taken_back(asked: str, request: HttpRequest) -> list[RecentAction]:
    """What was done last and can be taken back, as far as it was asked for."""
    wanted = [word.text for word in words_in(asked)]
    if asked.strip() and not wanted:
        return []
    return [each for each in recent_actions(request) if _says(f"{_('Undo')} {each.words}", wanted)]


def _found(asked: str, member: StaffMember) -> Mapping[str, Any]:
    asked = asked.strip()
    if not asked:
        return {"customers": recent_rows(member), "is_recent": True}
    customers = [customer_row(each) for each in find_customers(asked)[:CUSTOMERS]]
    if len(asked) < FEWEST_FOR_ENTRIES:
        return {"customers": customers}
    return {"customers": customers, "entries": [entry_row(e) for e in search_entries(asked, limit=ENTRIES).entries]}
