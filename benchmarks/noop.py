"""The least that Django can do behind the same server: the same handler, no middleware, a view that reads the body."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
@login_not_required
def noop(request: HttpRequest) -> HttpResponse:
    """200 for anything, after reading the body as the receiver must."""
    _ = request.body
    return HttpResponse(b"", headers={"Content-Type": "text/plain", "Content-Length": "0"})


urlpatterns = [path("webhooks/noop/", noop), path("livez", noop)]


def _application() -> object:
    from django.conf import settings

    settings.ROOT_URLCONF = "benchmarks.noop"
    from cxhub.front import Front
    from cxhub.wsgi import application

    return Front(application)


application = _application()
