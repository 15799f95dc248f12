"""Facts about a customer that an agent adds or corrects, and takes back."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST

from profiles.correcting import undo
from profiles.entering import LONGEST_NAME, LONGEST_VALUE, enter_trait, trait_name
from profiles.ids import BIGGEST_ID
from profiles.models import Operation
from profiles.operations import VerbRefusedError
from profiles.reading import current_profile_id, shown_traits
from timeline.identity.verb_pages import Question
from timeline.pages.agents import actor_of, agent_page, may_judge
from timeline.pages.sheets import sheet
from timeline.pages.toasts import say_refused, say_simply, say_undoable
from timeline.showing.wording import TRAITS, words_of


class TraitForm(forms.Form):
    """A fact: what, and its value."""

    name = forms.CharField(label=_lazy("What?"), max_length=LONGEST_NAME, help_text=_lazy("City, birthday, plan …"))
    value = forms.CharField(label=_lazy("Value"), max_length=LONGEST_VALUE)


@require_http_methods(["GET", "POST"])
@agent_page
def correct_trait(request: HttpRequest, profile_id: int) -> HttpResponse:
    """A fact is added, or another value shown for it; the old one stays as an alternate."""
    current = current_profile_id(profile_id) if profile_id <= BIGGEST_ID else None
    if current is None:
        raise Http404("no such customer")
    asked = trait_name(request.GET.get("name", ""))
    refusal = ""
    form = TraitForm(request.POST) if request.method == "POST" else TraitForm(initial=_shown(current, asked))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            done = enter_trait(current, _code_of(said["name"]), said["value"], actor=actor_of(request))
        except VerbRefusedError as error:
            refusal = str(error)
        else:
            if done.operation is None:
                say_simply(request, _("Nothing to do: it is so already"))
            else:
                say_undoable(request, _("Written down"), reverse("undo-trait", args=[done.operation.pk]))
            return redirect(reverse("customer", args=[current]))
    question = Question(
        title=_("Correct a fact") if asked else _("Add a fact"),
        lead=_("Your team’s word is shown before what a channel says."),
        points=[_("What was known before stays beside it, with where it came from")],
        icon="pencil",
        action=_("Write it down"),
        said="",
        profile_id=current,
    )
    back = reverse("customer", args=[current])
    context = {"question": question, "form": form, "refusal": refusal, "back": back, "action": request.path}
    return sheet(request, "identity/question.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@agent_page
def undo_trait(request: HttpRequest, operation_id: int) -> HttpResponse:
    """What was entered is as if it had not been: for who entered it, and for leads."""
    rows = Operation.objects.filter(pk=operation_id, verb=Operation.Verb.ENTER)
    operation = rows.first() if operation_id <= BIGGEST_ID else None
    actor = actor_of(request)
    if operation is None or (operation.actor_id != actor.pk and not may_judge(request)):
        raise Http404("no such fact")
    done = undo(operation, actor=actor)
    if done.operation is None:
        say_refused(request, _("Somebody undid this already"))
    else:
        say_simply(request, _("Undone"))
    return redirect(reverse("customer", args=[done.profile_ids[0] if done.profile_ids else operation.subjects[0]]))


def _shown(profile_id: int, name: str) -> dict[str, str]:
    """The form as the fact stands now."""
    if not name:
        return {}
    value = next((trait.value for trait in shown_traits(profile_id) if trait.name == name), "")
    return {"name": words_of(TRAITS, name), "value": value}


def _code_of(word: str) -> str:
    """The trait that agents call so: "City" is `city`, in their language."""
    told = trait_name(word)
    return next((code for code, shown in TRAITS.items() if trait_name(str(shown)) == told), told)
