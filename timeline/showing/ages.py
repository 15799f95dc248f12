"""How long ago something was, in the words that `app.js` goes on with."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from timeline.showing.dates import written

MINUTE, HOUR, DAY = 60, 3600, 86400
WEEK, MONTH, YEAR = 7 * DAY, 30 * DAY, 365 * DAY


def in_words(moment: datetime, now: datetime, style: str) -> str:
    """`moment` as seen at `now`; the styles are those of the template tag `ago`."""
    seconds = max(0, int((now - moment).total_seconds()))
    if style == "span":
        return span(seconds)
    if style == "words":
        return _length(max(seconds, MINUTE))
    if style == "long":
        return _long(seconds)
    if seconds < DAY:
        return span(seconds) if seconds >= MINUTE else _("now")
    local = timezone.localtime(moment)
    if seconds < 6 * DAY:
        return date_format(local, "D")
    return written(local, "day" if local.year == timezone.localtime(now).year else "day, year")


def span(seconds: int) -> str:
    """A length of time in the words of the style `span`: "4 min"."""
    if seconds < HOUR:
        return _("{n} min").format(n=max(1, seconds // MINUTE))
    if seconds < 2 * DAY:
        return _("{n} h").format(n=seconds // HOUR)
    return _("{n} d").format(n=seconds // DAY)


def _long(seconds: int) -> str:
    if seconds < MINUTE:
        return _("just now")
    for size, once in ((YEAR, _("last year")), (MONTH, _("last month")), (WEEK, _("last week")), (DAY, _("yesterday"))):
        if size <= seconds < 2 * size:
            return once
    if seconds < HOUR:
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", n := seconds // MINUTE) % {"n": n}
    if seconds < DAY:
        return ngettext("%(n)d hour ago", "%(n)d hours ago", n := seconds // HOUR) % {"n": n}
    if seconds < WEEK:
        return ngettext("%(n)d day ago", "%(n)d days ago", n := seconds // DAY) % {"n": n}
    if seconds < MONTH:
        return ngettext("%(n)d week ago", "%(n)d weeks ago", n := seconds // WEEK) % {"n": n}
    if seconds < YEAR:
        return ngettext("%(n)d month ago", "%(n)d months ago", n := seconds // MONTH) % {"n": n}
    return ngettext("%(n)d year ago", "%(n)d years ago", n := seconds // YEAR) % {"n": n}


def _length(seconds: int) -> str:
    if seconds < HOUR:
        return ngettext("%(n)d minute", "%(n)d minutes", n := seconds // MINUTE) % {"n": n}
    if seconds < DAY:
        return ngettext("%(n)d hour", "%(n)d hours", n := seconds // HOUR) % {"n": n}
    if seconds < WEEK:
        return ngettext("%(n)d day", "%(n)d days", n := seconds // DAY) % {"n": n}
    if seconds < MONTH:
        return ngettext("%(n)d week", "%(n)d weeks", n := seconds // WEEK) % {"n": n}
    if seconds < YEAR:
        return ngettext("%(n)d month", "%(n)d months", n := seconds // MONTH) % {"n": n}
    return ngettext("%(n)d year", "%(n)d years", n := seconds // YEAR) % {"n": n}


def moment_words(moment: datetime) -> str:
    """A moment ahead as an agent says it: the time alone while it is today."""
    here = timezone.localtime(moment)
    return written(here, "time" if here.date() == timezone.localdate() else "moment")
