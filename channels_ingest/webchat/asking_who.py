"""Whether the widget asks a visitor who they are before they write. What they say is a claim, and they may skip it."""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from channels_ingest.accounts import Line
from channels_ingest.adapters.webchat import ASK_WHO, AWAY, BEFORE
from channels_ingest.webchat.models import ChatVisitor
from channels_ingest.webchat.texts import texts_of
from profiles.office_hours import HoursError, read_hours


def form_of(visitor: ChatVisitor, line: Line, locale: object, *, now: datetime | None = None) -> dict[str, str]:
    """`{"form": what it says}` for a visitor nobody knows and who has not written, if the line asks; else nothing."""
    when = line.settings.plain.get(ASK_WHO, "")
    if when not in (BEFORE, AWAY) or visitor.has_written or visitor.customer_id:
        return {}
    is_away = _is_closed(line.settings.plain, now or timezone.now())
    if when == AWAY and not is_away:
        return {}
    return {"form": texts_of(locale)[AWAY if is_away else BEFORE]}


def _is_closed(plain: Mapping[str, str], now: datetime) -> bool:
    """Whether the line's hours say that nobody is there; a line without hours is always there."""
    given = plain.get("hours", "")
    try:
        hours = (
            read_hours(given, zone=plain.get("time_zone", ""), holidays=plain.get("holidays", "")) if given else None
        )
    except HoursError:
        return False
    return hours is not None and not hours.is_open(now)
