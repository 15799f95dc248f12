"""The widget's file, and a shop's page that shows it: for newcomers, on a demo hub or with DEBUG only."""

from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string

from channels_ingest import accounts
from channels_ingest.adapters._origins import origin_of, origins_in
from channels_ingest.adapters.webchat import PROVIDER
from channels_ingest.webchat.asking import problem
from channels_ingest.webchat.serving import Widget, extras, widget

#: The plain name is looked at again this often; the one with the digest stands for ever.
FRESH_SECONDS = 300
FOREVER_SECONDS = 31_536_000
#: A page as strict as any that may show the widget: nothing from elsewhere, no string becomes a script.
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


@login_not_required
def script(request: HttpRequest, digest: str = "") -> HttpResponse:
    """The widget, for every site."""
    return _script(request, widget(), digest)


@login_not_required
def more(request: HttpRequest, digest: str) -> HttpResponse:
    """What the widget loads when somebody needs it."""
    return _script(request, extras(), digest)


def _script(request: HttpRequest, made: Widget, digest: str) -> HttpResponse:
    if digest not in ("", made.digest):
        return problem(HTTPStatus.NOT_FOUND, "another release had this widget; take the name from docs/web-chat.md")
    etag = f'"{made.digest}"'
    is_gzipped = "gzip" in request.headers.get("Accept-Encoding", "")
    if request.headers.get("If-None-Match") == etag:
        answer = HttpResponse(status=HTTPStatus.NOT_MODIFIED)
    else:
        body = made.gzipped if is_gzipped else made.script
        answer = HttpResponse(body, content_type="text/javascript; charset=utf-8")
        answer["Content-Length"] = str(len(body))
        if is_gzipped:
            answer["Content-Encoding"] = "gzip"
    age = f"max-age={FOREVER_SECONDS}, immutable" if digest else f"max-age={FRESH_SECONDS}"
    answer["Cache-Control"] = f"public, {age}"
    answer["ETag"] = etag
    answer["Vary"] = "Accept-Encoding"
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@login_not_required
def page(request: HttpRequest, key: str) -> HttpResponse:
    """A shop's page with the chat. The hub's own origin must be among the chat's `allowed_origins`."""
    if not (settings.HAS_SIMULATOR_PAGE):
        raise Http404
    line = accounts.line(PROVIDER, key)
    if line is None:
        raise Http404
    is_allowed = origin_of(settings.PUBLIC_BASE_URL) in origins_in(line.settings.plain.get("allowed_origins", ""))
    values = {"key": key, "is_allowed": is_allowed, "origin": origin_of(settings.PUBLIC_BASE_URL)}
    answer = HttpResponse(render_to_string("webchat/sample.html", values))
    answer["Content-Security-Policy"] = POLICY
    answer["X-Frame-Options"] = "SAMEORIGIN"  # the simulator's page shows it
    answer["Cache-Control"] = "no-store"
    answer["X-Robots-Tag"] = "noindex"
    answer["Referrer-Policy"] = "same-origin"
    return answer
