"""The webhook an entry came with, as it was received, for who has to find out why something looks odd."""

import json
import logging
import re
from typing import Any
from urllib.parse import parse_qsl

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from channels_ingest.models import Envelope
from timeline.pages.agents import actor_of, judge_page
from timeline.pages.entry_menu import customer_name, found_entry

log = logging.getLogger("cxhub.raw")

#: More of a body is not shown: a mail with pictures has megabytes that say nothing to a reader.
MOST_SHOWN = 200_000
#: What a field is called that proves who somebody is.
_WORDS = r"token|secret|passw|authori[sz]ation|signature|api.?key|cookie|credential|hmac|jwt|bearer"
_SECRET = re.compile(_WORDS, re.IGNORECASE)
_SECRET_LINE = re.compile(rf"^([\w-]*(?:{_WORDS})[\w-]*\s*[:=]).*$", re.IGNORECASE | re.MULTILINE)
KEPT_BACK = "•••"


@require_GET
@judge_page
def entry_raw(request: HttpRequest, entry_id: int) -> HttpResponse:
    """The envelope of the entry, without what proves an identity; that somebody looked is logged."""
    entry = found_entry(entry_id)
    envelope = Envelope.objects.filter(pk=entry.envelope_id).first() if entry.envelope_id else None
    if envelope is None:
        raise Http404("no envelope")
    log.info("raw read", extra={"entry": entry.pk, "envelope": envelope.pk, "member": actor_of(request).pk})
    context = {"title": _("As it was received"), "entry": entry, "name": customer_name(entry), **raw_context(envelope)}
    return render(request, "entry/raw.html", context)


def raw_context(envelope: Envelope) -> dict[str, Any]:
    """What `entry/raw_body.html` shows of an envelope."""
    body = bytes(envelope.body) if envelope.body is not None else None
    return {
        "envelope": envelope,
        "headers": sorted(redacted(envelope.headers).items()),
        "body": "" if body is None else readable(body),
        "is_pruned": body is None,
        "is_cut": body is not None and len(body) > MOST_SHOWN,
    }


def readable(body: bytes) -> str:
    """The body as text without secrets: JSON laid out, a form a field a line, anything else as it is."""
    text = body[:MOST_SHOWN].decode(errors="replace")
    if len(body) <= MOST_SHOWN:
        try:
            return json.dumps(redacted(json.loads(text)), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
        fields = parse_qsl(text, keep_blank_values=True) if re.match(r"[\w.%-]+=", text) and "\n" not in text else []
        if fields:
            return "\n".join(f"{name} = {KEPT_BACK if _SECRET.search(name) else value}" for name, value in fields)
    return _SECRET_LINE.sub(rf"\1 {KEPT_BACK}", text)


def redacted(value: Any) -> Any:
    """The value with every field kept back whose name says that it is a secret."""
    if isinstance(value, dict):
        return {key: KEPT_BACK if _SECRET.search(str(key)) else redacted(part) for key, part in value.items()}
    return [redacted(part) for part in value] if isinstance(value, list) else value
