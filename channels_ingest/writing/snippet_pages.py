"""Snippets in the reply box, and the page on which they are kept."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels_ingest.writing.models import Snippet
from channels_ingest.writing.snippets import (
    LONGEST_TEXT,
    MOST_KEPT,
    VARIABLES,
    filled,
    matching,
    may_change,
    strangers_in,
    values_for,
    visible,
)
from profiles.access import JUDGES
from profiles.ids import BIGGEST_ID
from timeline.pages.agents import actor_of, agent_page


class SnippetForm(forms.Form):
    """One snippet as it is written down."""

    name = forms.CharField(max_length=60)
    language = forms.RegexField(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=20, required=False)
    text = forms.CharField(max_length=LONGEST_TEXT, strip=False)
    shared = forms.BooleanField(required=False)

    def clean_text(self) -> str:
        """Raises ValidationError for what looks like a variable and would never be filled in."""
        text: str = self.cleaned_data["text"]
        if strangers := strangers_in(text):
            raise forms.ValidationError(_("There is no variable %(name)s.") % {"name": strangers[0]})
        return text


@require_GET
@agent_page
def picker(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Snippets as options of a list, each with the text it would insert for this customer."""
    if profile_id > BIGGEST_ID:
        raise Http404("no such customer")
    member = actor_of(request)
    values = values_for(profile_id, member)
    found = matching(member, request.GET.get("q", ""), language=get_language() or "")
    options = [{"snippet": each, "text": filled(each.text, values)} for each in found]
    has_any = bool(options) or visible(member).exists()
    return render(request, "composer/snippets.html", {"options": options, "has_any": has_any})


@require_http_methods(["GET", "POST"])
@agent_page
def snippets(request: HttpRequest) -> HttpResponse:
    """All of them, and a form for a new one."""
    return _page(request, None) if request.method == "GET" else _write(request, None)


@require_http_methods(["GET", "POST"])
@agent_page
def snippet(request: HttpRequest, snippet_id: int) -> HttpResponse:
    """One of them in the form."""
    found = _own(request, snippet_id)
    return _page(request, found) if request.method == "GET" else _write(request, found)


@require_POST
@agent_page
def delete_snippet(request: HttpRequest, snippet_id: int) -> HttpResponse:
    """It is gone."""
    _own(request, snippet_id).delete()
    messages.info(request, _("The snippet is deleted."))
    return redirect("snippets")


def _own(request: HttpRequest, snippet_id: int) -> Snippet:
    """The snippet, which the member may change. Raises Http404 and PermissionDenied."""
    member = actor_of(request)
    found = visible(member).filter(id=snippet_id).first() if snippet_id <= BIGGEST_ID else None
    if found is None:
        raise Http404("no such snippet")
    if not may_change(member, found):
        raise PermissionDenied(_("Leads and admins keep the shared snippets."))
    return found


def _write(request: HttpRequest, changed: Snippet | None) -> HttpResponse:
    member, form = actor_of(request), SnippetForm(request.POST)
    if not form.is_valid():
        return _page(request, changed, form=form, status=422)
    said = form.cleaned_data
    is_shared = said["shared"] and member.role in JUDGES
    row = changed or Snippet()
    row.owner = None if is_shared else member
    row.name, row.language = said["name"].strip(), said["language"].lower()
    row.text = said["text"].replace("\r\n", "\n").replace("\x00", "")
    if changed is None and Snippet.objects.filter(owner=row.owner).count() >= MOST_KEPT:
        form.add_error(None, _("There are too many already: delete some first."))
        return _page(request, changed, form=form, status=422)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        form.add_error("name", _("There is one of this name and language already."))
        return _page(request, changed, form=form, status=422)
    messages.info(request, _("The snippet is kept."))
    return redirect("snippets")


def _page(
    request: HttpRequest, changed: Snippet | None, *, form: SnippetForm | None = None, status: int = 200
) -> HttpResponse:
    member = actor_of(request)
    if form is None:
        initial: dict[str, Any] = {}
        if changed is not None:
            initial = {
                "name": changed.name,
                "language": changed.language,
                "text": changed.text,
                "shared": changed.owner_id is None,
            }
        form = SnippetForm(initial=initial)
    rows = [{"row": row, "may_change": may_change(member, row)} for row in visible(member)[: 2 * MOST_KEPT]]
    context = {
        "snippets": rows,
        "changed": changed,
        "form": form,
        "may_share": member.role in JUDGES,
        "variables": [(f"{{{name}}}", words) for name, words in VARIABLES.items()],
        "here": "snippets",
    }
    return render(request, "composer/snippets_page.html", context, status=status)
