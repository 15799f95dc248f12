"""The customer's side of every channel on one page, for newcomers: play the customer here, the agent beside it.

Only where the hub was started for it (`up --demo`, or CXHUB_DEBUG), and only lines that send into the simulator: what
is written goes through the same signed webhooks as a provider's.
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Concatenate, ParamSpec

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_POST

from channels_ingest.adapters.base import clean
from channels_ingest.simulator import incoming
from channels_ingest.simulator.devices import Played, as_played, conversation, devices, is_played, somebody_new
from channels_ingest.simulator.plays.base import Person
from profiles.identity.values import IdentifierKind
from profiles.models import Channel, ChannelAccount, ChannelIdentity
from timeline.pages.agents import agent_page
from timeline.showing.wording import channel_of

P = ParamSpec("P")
_SESSION = "simulator_played"
LONGEST_TEXT = 4_000


class PlayedForm(forms.Form):
    """Who is played."""

    name = forms.CharField(label=_lazy("Name"), max_length=80)
    phone = forms.CharField(label=_lazy("Phone number"), max_length=40)
    email = forms.CharField(label=_lazy("E-mail address"), max_length=200)


def simulator_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The view answers logged-in people, on a hub that was started for play; elsewhere it does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not settings.HAS_SIMULATOR_PAGE:
            raise Http404("the simulator's page is for `up --demo` and CXHUB_DEBUG")
        return view(request, *args, **kwargs)

    return agent_page(guarded)


@require_GET
@simulator_page
def simulator(request: HttpRequest) -> HttpResponse:
    """All devices."""
    played = _played(request)
    found = devices()
    chosen = {}
    for device in found:
        asked = request.GET.get(device.channel, "")
        chosen[device.channel] = next((line for line in device.lines if str(line.pk) == asked), device.lines[0])
    context = {
        "played": played,
        "form": PlayedForm(initial=asdict(played)),
        "devices": [
            {
                "channel": device.channel,
                "icon": channel_of(device.channel)[0],
                "word": channel_of(device.channel)[1],
                "lines": device.lines,
                "line": chosen[device.channel],
                "is_chat": device.channel == Channel.CHAT,
                "is_mail": device.channel == Channel.EMAIL,
                "shown": [] if device.channel == Channel.CHAT else conversation(chosen[device.channel], played),
            }
            for device in found
        ],
        "profile_id": _profile_id(played),
    }
    return render(request, "simulator/page.html", context)


@require_GET
@simulator_page
def thread(request: HttpRequest, account_id: int) -> HttpResponse:
    """The conversation of one line, as it stands."""
    account = _line(account_id)
    return _thread(request, account)


@require_POST
@simulator_page
def write(request: HttpRequest, account_id: int) -> HttpResponse:
    """The customer wrote: the provider posts it to the hub's webhook."""
    account, played = _line(account_id), _played(request)
    text = clean(request.POST.get("text", "")).strip()[:LONGEST_TEXT]
    if not text:
        return _thread(request, account)
    person = Person(address=played.address_on(account.channel), name=played.name)
    is_taken = incoming.write(account, person, text, timezone.now())
    fault = "" if is_taken else _("The hub did not take it. Look at its log, then send it again.")
    return _thread(request, account, fault=fault, unsent=text if fault else "")


@require_POST
@simulator_page
def become(request: HttpRequest) -> HttpResponse:
    """Somebody else is played: as the form says, or made up."""
    played = as_played(request.POST.dict()) if request.POST.get("as") == "form" else None
    _keep(request, played or somebody_new())
    return redirect("simulator")


def _thread(request: HttpRequest, account: ChannelAccount, *, fault: str = "", unsent: str = "") -> HttpResponse:
    shown = conversation(account, _played(request))
    context = {"line": account, "shown": shown, "fault": fault, "unsent": unsent, "channel": account.channel}
    return render(request, "simulator/thread.html", context)


def _line(account_id: int) -> ChannelAccount:
    account = ChannelAccount.objects.filter(id=account_id, is_enabled=True).exclude(channel=Channel.CHAT).first()
    if account is None or not is_played(account):
        raise Http404("the simulator plays no such line")
    return account


def _played(request: HttpRequest) -> Played:
    """Who is played in this browser, made up at the first look."""
    return as_played(request.session.get(_SESSION)) or _keep(request, somebody_new())


def _keep(request: HttpRequest, played: Played) -> Played:
    request.session[_SESSION] = asdict(played)
    return played


def _profile_id(played: Played) -> int | None:
    """The customer the hub takes them for, once they have written."""
    wanted = (IdentifierKind.PHONE, played.phone), (IdentifierKind.EMAIL, played.email)
    for kind, value in wanted:
        found = ChannelIdentity.objects.filter(
            sightings__identifier__kind=kind, sightings__identifier__value=value, void_in=None
        )
        profile_id = found.order_by("id").values_list("profile_id", flat=True).first()
        if profile_id is not None:
            return profile_id
    return None
