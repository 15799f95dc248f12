"""What came from ourselves and made no customer, told where somebody looks for a message that is nowhere."""

from datetime import timedelta

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from channels_ingest.models import IntakeCount
from timeline.pages.agents import agent_page

DAYS = 7


@require_GET
@agent_page
def ours(request: HttpRequest) -> HttpResponse:
    """How many messages of the last days each line got from colleagues and our own lines."""
    since = timezone.now() - timedelta(days=DAYS)
    rows = IntakeCount.objects.filter(outcome=IntakeCount.Outcome.OWN, hour__gte=since)
    lines = rows.values_list("account__name").annotate(Sum("count")).order_by("account__name")
    return render(request, "inbox/ours.html", {"lines": lines})
