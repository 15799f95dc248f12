"""Asking before a one-time code is sent to an address that a customer claims."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods

from channels_ingest.confirming import VALID, CannotConfirmError
from channels_ingest.sending.confirmations import lines_for, send_code
from channels_ingest.sending.wishes import SendRefusedError
from profiles.ids import BIGGEST_ID
from profiles.models import Sighting
from timeline.identity.verb_pages import Question
from timeline.identity.why_page import identifier_line
from timeline.pages.agents import actor_of, agent_page
from timeline.pages.sheets import sheet
from timeline.pages.toasts import say_simply


class LineForm(forms.Form):
    """From which line."""

    line = forms.TypedChoiceField(label=_lazy("Send it from"), coerce=int)

    def __init__(self, *args: Any, choices: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["line"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = choices


@require_http_methods(["GET", "POST"])
@agent_page
def confirm_claim(request: HttpRequest, sighting_id: int) -> HttpResponse:
    """A code goes to the claimed address, if the agent says so."""
    row = Sighting.objects.select_related("identifier", "channel_identity").filter(id=sighting_id).first()
    if row is None or sighting_id > BIGGEST_ID:
        raise Http404("no such claim")
    shown = identifier_line(row.identifier.kind, row.identifier.value)
    lines = {line.pk: line for line in lines_for(row)}
    form = LineForm(request.POST or None, choices=[(pk, line.name) for pk, line in lines.items()])
    refusal = "" if lines else _("No connected line reaches this address: connect a mailbox or an SMS number first.")
    if request.method == "POST" and form.is_valid():
        try:
            send_code(row, lines[form.cleaned_data["line"]], actor=actor_of(request))
        except (CannotConfirmError, SendRefusedError) as error:
            refusal = str(error)
        else:
            say_simply(request, _("A code is on its way to the %(identifier)s") % {"identifier": shown})
            return redirect(reverse("customer", args=[row.channel_identity.profile_id]))
    question = Question(
        title=_("Send a code to the %(identifier)s?") % {"identifier": shown},
        lead=_("Whoever reads it there and writes it here has proved that the address is theirs."),
        points=[
            _("Ask the customer to write the six digits here, within %(minutes)d minutes")
            % {"minutes": VALID.seconds // 60},
            _("Then customers who have the address become one, with everything that ties them on record"),
            _("Nobody sees the code but who has the address"),
        ],
        icon="shield-check",
        action=_("Send the code"),
        said="",
        profile_id=row.channel_identity.profile_id,
    )
    back = reverse("customer", args=[question.profile_id])
    context = {"question": question, "form": form, "refusal": refusal, "back": back, "action": request.path}
    return sheet(request, "identity/question.html", context, status=422 if request.method == "POST" else 200)
