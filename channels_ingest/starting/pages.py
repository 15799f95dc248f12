"""The sheets for a new conversation and for an address that a customer gave."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods

from channels_ingest.starting.addressing import KINDS, AddressRefusedError, kind_of, lines_to_start_on, typed_on
from channels_ingest.starting.choices import LineChoice, holders_of, line_choices
from channels_ingest.starting.conversation import Started, add, start
from profiles.adding import TakenError, TypedAddress
from profiles.identity.canonical import display_phone
from profiles.identity.values import IdentifierKind
from profiles.ids import BIGGEST_ID
from profiles.models import Channel, Profile
from profiles.operations import VerbRefusedError
from profiles.reading import current_profile_id
from timeline.pages.agents import actor_of, agent_page, is_fragment, may_judge
from timeline.pages.panel import name_of
from timeline.pages.sheets import sheet
from timeline.pages.toasts import say_undo
from timeline.search.people import people_like


class AddressForm(forms.Form):
    """An address and the line that reaches it."""

    q = forms.CharField(max_length=320)
    line = forms.IntegerField(min_value=1, max_value=BIGGEST_ID)
    name = forms.CharField(max_length=200, required=False)
    reason = forms.CharField(
        label=_lazy("How do you know?"), max_length=500, required=False, widget=forms.Textarea({"rows": 2})
    )


@require_http_methods(["GET", "POST"])
@agent_page
def new_conversation(request: HttpRequest) -> HttpResponse:
    """Whom to write to: a customer who is found, or an address that nobody has yet."""
    asked = (request.POST if request.method == "POST" else request.GET).get("q", "").replace("\0", " ").strip()[:320]
    context: dict[str, Any] = {"asked": asked, "chosen": request.POST.get("line", ""), "here": "new"}
    if request.method == "POST":
        form = AddressForm(request.POST)
        try:
            if not form.is_valid():
                raise AddressRefusedError(_("Choose a line and write down whom it is to reach."))
            typed = typed_on(_line(form.cleaned_data["line"]).account, asked)
            started = start(typed, actor=actor_of(request), name=form.cleaned_data["name"])
        except TakenError as error:
            context |= {"refusal": _("Several customers use this address. Choose one."), "people": holders_of(error)}
        except AddressRefusedError as error:
            context["refusal"] = str(error)
        else:
            return _to_box(request, started, typed)
    if "people" not in context:
        context["people"] = people_like(asked, without=0) if asked else []
    if kind := kind_of(asked):
        context["lines"] = [line for line in line_choices() if KINDS[Channel(line.channel)] is kind]
        context["is_address"] = True
    if "q" in request.GET and request.method == "GET" and is_fragment(request):
        return render(request, "starting/found.html", context)
    return sheet(request, "starting/new.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "POST"])
@agent_page
def new_address(request: HttpRequest, profile_id: int) -> HttpResponse:
    """An address that the customer gave."""
    current = current_profile_id(profile_id) if profile_id <= BIGGEST_ID else None
    if current is None:
        raise Http404("no such customer")
    form = AddressForm(request.POST or None)
    context: dict[str, Any] = {
        "profile_id": current,
        "name": name_of(Profile.objects.values_list("display_name", flat=True).get(id=current)),
        "lines": line_choices(),
        "reason": form["reason"],
        "asked": request.POST.get("q", "").strip()[:320],
        "chosen": request.POST.get("line", ""),
        "may_judge": may_judge(request),
    }
    if request.method == "POST":
        try:
            if not form.is_valid():
                raise AddressRefusedError(_("Choose a line and write down the address."))
            typed = typed_on(_line(form.cleaned_data["line"]).account, context["asked"])
            started = add(current, typed, actor=actor_of(request), reason=form.cleaned_data["reason"])
        except TakenError as error:
            context |= {"refusal": str(error), "people": holders_of(error)}
        except (AddressRefusedError, VerbRefusedError) as error:
            context["refusal"] = str(error)
        else:
            return _to_box(request, started, typed)
    return sheet(request, "starting/address.html", context, status=422 if request.method == "POST" else 200)


def _line(account_id: int) -> LineChoice:
    """Raises AddressRefusedError for a line that nobody can start on."""
    found = next((line for line in line_choices(lines_to_start_on()) if line.id == account_id), None)
    if found is None:
        raise AddressRefusedError(_("This line cannot be written from now. Choose another."))
    return found


def _to_box(request: HttpRequest, started: Started, typed: TypedAddress) -> HttpResponseRedirect:
    """The customer's page with the reply box on the address."""
    if started.is_new:
        address = display_phone(typed.value) if typed.kind is IdentifierKind.PHONE else typed.value
        said = _("A new customer: %(address)s. The first message starts the conversation.")
        messages.info(request, said % {"address": address})
    elif started.operation:
        said = _("Written down. Nobody else joins this customer by it.")
        say_undo(request, said, started.operation)
    url = reverse("inbox-customer", args=["all", started.profile_id])
    return redirect(f"{url}?to={started.channel_identity_id}")
