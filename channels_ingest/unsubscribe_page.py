"""The page behind the unsubscribe address of a mail, and what mail programs post to it."""

from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from channels_ingest.intake import intake
from channels_ingest.unsubscribing import identity_of, store_click


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """The page with the button; posted to, the address gets no more marketing. 503 if that cannot be stored now."""
    try:
        identity = identity_of(token)
        if identity is None:
            raise Http404("no such address")
        if request.method == "POST":
            store_click(identity)
            intake.nudge()
    except DatabaseError:
        connection.close()
        return HttpResponse(status=503, headers={"Retry-After": "5"})
    context = {"line": identity.account.name, "is_done": request.method == "POST"}
    response = render(request, "unsubscribe.html", context)
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response
