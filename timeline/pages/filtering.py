"""Narrowing a view, and keeping what came of it as a view of one's own: a sheet each."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from profiles.access import JUDGES
from profiles.models import StaffMember
from timeline.filtersets import LONGEST_NAME, ME, NOBODY, PRIORITY_CHOICES
from timeline.models import SavedView, Tag
from timeline.pages.agents import actor_of, agent_page
from timeline.pages.asking import colleagues
from timeline.pages.listing import AskedQueue, asked_queue
from timeline.pages.sheets import sheet
from timeline.pages.switching import ORDER_WORDS, chips_of
from timeline.pages.toasts import say_simply, say_undoable
from timeline.queue_views import VIEWS
from timeline.saved_views import (
    LONGEST_NAME as LONGEST_VIEW_NAME,
)
from timeline.saved_views import (
    ViewRefusedError,
    bring_back_view,
    change_view,
    may_change,
    remove_view,
    save_view,
    views_for,
)
from timeline.showing.wording import CHANNELS

#: Tags that a filter offers.
MOST_OFFERED = 200
ANY = ("", _lazy("Any"))


class FilterForm(forms.Form):
    """What the queue can be narrowed by; the names are those of `QueueFilter`."""

    q = forms.CharField(label=_lazy("Name"), max_length=LONGEST_NAME)
    channel = forms.MultipleChoiceField(
        label=_lazy("Channel"),
        choices=[(code, word) for code, (_icon, word) in CHANNELS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    assignee = forms.ChoiceField(label=_lazy("Whose"))
    tag = forms.ChoiceField(label=_lazy("Tag"))
    priority = forms.MultipleChoiceField(
        label=_lazy("Priority"), choices=PRIORITY_CHOICES, widget=forms.CheckboxSelectMultiple
    )
    waiting = forms.ChoiceField(
        label=_lazy("Waiting"), choices=[ANY, ("true", _lazy("Waits for an answer")), ("false", _lazy("Does not wait"))]
    )
    due_before = forms.CharField(label=_lazy("Due before"), widget=forms.DateTimeInput({"type": "datetime-local"}))
    order = forms.ChoiceField(label=_lazy("Order"))

    def __init__(self, queue: AskedQueue) -> None:
        initial: dict[str, Any] = {
            name: values if name in ("channel", "priority") else values[0] for name, values in queue.filters.items()
        }
        super().__init__(initial={**initial, "order": queue.chosen_order}, label_suffix="")
        for each in self.fields.values():
            each.required = False
        tags = list(Tag.objects.values_list("name", flat=True)[:MOST_OFFERED])
        kept = [tag for tag in queue.filters.get("tag", []) if tag not in tags]
        self._offer("tag", [ANY, *((tag, tag) for tag in [*kept, *tags])])
        whose = [(ME, _("Mine")), (NOBODY, _("Nobody’s"))]
        self._offer("assignee", [ANY, *whose, *((str(pk), name) for pk, name in colleagues())])
        orders = queue.offered_orders
        if len(orders) > 1:
            self._offer("order", [(name, ORDER_WORDS[name]) for name in orders])
        else:
            del self.fields["order"]

    def _offer(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


@require_GET
@agent_page
def narrow(request: HttpRequest, view: str) -> HttpResponse:
    """The filters of the queue; sent, they are the queue's address."""
    queue = _listed(request, view)
    context = {
        "queue": queue,
        "form": FilterForm(queue),
        "back": queue.url,
        "action": reverse("inbox", args=[queue.view]),
    }
    return sheet(request, "inbox/filter.html", context)


class ViewForm(forms.Form):
    """The name of a view, and whether it is everybody's."""

    name = forms.CharField(label=_lazy("Name"), max_length=LONGEST_VIEW_NAME)
    is_shared = forms.BooleanField(label=_lazy("Everybody sees it"), required=False)

    def __init__(self, *args: Any, member: StaffMember, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if member.role not in JUDGES:
            del self.fields["is_shared"]


@require_http_methods(["GET", "POST"])
@agent_page
def keep_view(request: HttpRequest, view: str) -> HttpResponse:
    """The queue as it is now becomes a view with a name."""
    queue = _listed(request, view)
    form = ViewForm(request.POST or None, member=queue.member)
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            kept = save_view(
                form.cleaned_data["name"],
                owner=queue.member,
                view=queue.view,
                filters=queue.filters,
                order=queue.order,
                is_shared=form.cleaned_data.get("is_shared", False),
            )
        except ViewRefusedError as error:
            refusal = str(error)
        else:
            say_simply(request, _("Saved: %(name)s") % {"name": kept.name})
            return redirect("inbox", view=kept.slug)
    context = {
        "title": _("Save this view"),
        "queue": queue,
        "chips": chips_of(queue),
        "form": form,
        "refusal": refusal,
        "back": queue.url,
        "action": request.get_full_path(),
    }
    return sheet(request, "inbox/save_view.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "POST"])
@agent_page
def change(request: HttpRequest, view: str) -> HttpResponse:
    """A saved view has another name, is shared or no longer."""
    saved = _changeable(request, view)
    member = actor_of(request)
    now = {"name": saved.name, "is_shared": saved.is_shared}
    form = ViewForm(request.POST or None, member=member, initial=now)
    if request.method == "POST" and form.is_valid():
        change_view(
            saved, name=form.cleaned_data["name"], is_shared=form.cleaned_data.get("is_shared", saved.is_shared)
        )
        say_simply(request, _("Saved: %(name)s") % {"name": form.cleaned_data["name"]})
        return redirect("inbox", view=saved.slug)
    context = {
        "title": _("Change the view"),
        "form": form,
        "saved": saved,
        "back": reverse("inbox", args=[saved.slug]),
        "action": request.path,
    }
    return sheet(request, "inbox/save_view.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@agent_page
def remove(request: HttpRequest, view: str) -> HttpResponse:
    """A saved view is gone; the next page offers it back."""
    saved = _changeable(request, view)
    remove_view(saved)
    say_undoable(request, _("Removed: %(name)s") % {"name": saved.name}, reverse("bring-back-view", args=[saved.slug]))
    return redirect("inbox", view=saved.view)


@require_POST
@agent_page
def bring_back(request: HttpRequest, view: str) -> HttpResponse:
    """A removed view is there again."""
    saved = SavedView.objects.filter(slug=view, removed_at__isnull=False).first()
    if saved is None or not may_change(saved, actor_of(request)):
        raise Http404("no such view")
    bring_back_view(saved)
    say_simply(request, _("It is there again: %(name)s") % {"name": saved.name})
    return redirect("inbox", view=saved.slug)


def _listed(request: HttpRequest, view: str) -> AskedQueue:
    queue = asked_queue(request, view)
    if queue.view not in VIEWS:
        raise Http404("this view cannot be narrowed")
    return queue


def _changeable(request: HttpRequest, slug: str) -> SavedView:
    member = actor_of(request)
    saved = views_for(member).filter(slug=slug).first()
    if saved is None or not may_change(saved, member):
        raise Http404("no such view")
    return saved
