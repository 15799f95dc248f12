"""The formatted text of a mail, made harmless: allow-listed by nh3, and served for a sandboxed frame without scripts.

Two walls, each enough alone: what nh3 leaves can neither run nor load anything, and the frame's policy forbids both.
Pictures from elsewhere stay out until the agent asks for them: they tell the sender who read the mail, and when.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _

from channels_ingest.media import files
from channels_ingest.media.sanitising import sanitised_in_time
from timeline.media_links import MediaLink, Variant, media_url
from timeline.models import Entry

#: A longer text is not shown formatted: its plain form is on the page, and the agent's browser stays quick.
MOST_HTML_BYTES = 2 * 1024 * 1024

_DOCUMENT = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light">
<title>{title}</title><style>
body {{ margin: 12px; background: #fff; color: #14181f; font: 14px/1.45 sans-serif; overflow-wrap: anywhere }}
img {{ max-width: 100%; height: auto }} table {{ max-width: 100% }} pre {{ white-space: pre-wrap }}
blockquote {{ margin: 0 0 0 8px; padding-inline-start: 8px; border-inline-start: 2px solid #d4dae3 }}
</style></head><body dir="auto">{body}</body></html>
"""


def page(link: MediaLink, sha256: str) -> HttpResponse:
    """The document for the frame. Raises files.StorageError."""
    content = files.open_content(files.name_of(sha256))
    if content is None:
        return _document(_("There is no such text."), has_pictures=False)
    with content:
        raw = content.read(MOST_HTML_BYTES + 1)
    if len(raw) > MOST_HTML_BYTES:
        return _document(_("This text is too long to be shown formatted."), has_pictures=False)
    has_pictures = link.variant is Variant.PICTURES
    text = raw.decode("utf-8", "replace")
    body = sanitised_in_time(text, _embedded(link.entry_id), has_pictures=has_pictures)
    if body is None:
        body = _("This text is too tangled to be shown formatted.")
    return _document(body, has_pictures=has_pictures)


def _embedded(entry_id: int) -> dict[str, str]:
    """Content id -> address, of the mail's own pictures that are stored."""
    detail = Entry.objects.filter(pk=entry_id).values_list("detail", flat=True).first() or {}
    found = {}
    for number, part in enumerate(detail.get("attachments") or []):
        file = part.get("file")
        if part.get("state") == "stored" and part.get("content_id") and isinstance(file, dict) and file.get("width"):
            link = MediaLink(entry_id, str(number), Variant.EMBEDDED)
            found[str(part["content_id"])] = media_url(link, ending="webp")
    return found


def _document(body: str, *, has_pictures: bool) -> HttpResponse:
    public, media = (_origin(url) for url in (settings.PUBLIC_BASE_URL, settings.MEDIA_LINKS_URL))
    elsewhere = " https:" if has_pictures else ""
    response = HttpResponse(_DOCUMENT.format(title=_("Formatted text"), body=body))
    response["Content-Security-Policy"] = (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline';"
        f" img-src 'self' {media} data:{elsewhere}; form-action 'none'; base-uri 'none';"
        f" frame-ancestors 'self' {public}"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response.xframe_options_exempt = True  # frame-ancestors says who may, more exactly
    response["Referrer-Policy"] = "no-referrer"
    response["X-DNS-Prefetch-Control"] = "off"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Content-Disposition"] = "inline"
    return response


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
