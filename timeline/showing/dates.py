"""Days and moments written out. Each format has its home here, so that each language writes it its own way."""

from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext_lazy

FORMATS: dict[str, Any] = {
    "time": pgettext_lazy("date format", "H:i"),
    "day": pgettext_lazy("date format, short", "j M"),
    "day, year": pgettext_lazy("date format, short", "j M Y"),
    "weekday": pgettext_lazy("date format, short", "D j M"),
    "weekday, time": pgettext_lazy("date format, short", "D H:i"),
    "moment": pgettext_lazy("date format, short", "D j M, H:i"),
    "date": pgettext_lazy("date format", "j F Y"),
    "date, time": pgettext_lazy("date format", "j F Y, H:i"),
    "long": pgettext_lazy("date format", "l j F"),
    "long, year": pgettext_lazy("date format", "l j F Y"),
    "long, time": pgettext_lazy("date format", "l j F Y, H:i"),
    "exact": pgettext_lazy("date format", "l j F Y, H:i:s e"),
}


def written(when: date, style: str) -> str:
    """A day or moment in one of the styles of FORMATS; an aware moment is told in the agent's zone."""
    if isinstance(when, datetime) and timezone.is_aware(when):
        when = timezone.localtime(when)
    form = _form(style, get_language())
    return f"{when:%H:%M}" if form == "H:i" else date_format(when, form)  # a page has the time of each entry twice


@lru_cache
def _form(style: str, _language: str | None) -> str:
    return str(FORMATS[style])
