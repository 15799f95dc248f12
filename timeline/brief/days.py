"""The day a sentence names, and only where there is no doubt which one."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

from timeline.brief.sentences import folded

#: Weekdays from Monday in English, German, Spanish, Portuguese, French, Italian, Dutch; folded.
_WEEKDAYS: Mapping[str, int] = MappingProxyType(
    {
        name: number
        for number, names in enumerate(
            (
                "monday montag lunes segunda-feira lundi lunedi maandag",
                "tuesday dienstag martes terca-feira mardi martedi dinsdag",
                "wednesday mittwoch miercoles quarta-feira mercredi mercoledi woensdag",
                "thursday donnerstag jueves quinta-feira jeudi giovedi donderdag",
                "friday freitag viernes sexta-feira vendredi venerdi vrijdag",
                "saturday samstag sonnabend sabado samedi sabato zaterdag",
                "sunday sonntag domingo dimanche domenica zondag",
            )
        )
        for name in names.split()
    }
)
_MONTHS: Mapping[str, int] = MappingProxyType(
    {
        name: number
        for number, names in enumerate(
            (
                "january januar enero janeiro janvier gennaio januari",
                "february februar febrero fevereiro fevrier febbraio februari",
                "march marz marzo marco mars maart",
                "april abril avril aprile",
                "may mai mayo maio maggio mei",
                "june juni junio junho juin giugno",
                "july juli julio julho juillet luglio",
                "august agosto aout augustus",
                "september septiembre setembro septembre settembre",
                "october oktober octubre outubro octobre ottobre",
                "november noviembre novembro novembre",
                "december dezember diciembre dezembro decembre dicembre",
            ),
            start=1,
        )
        for name in names.split()
    }
)
_TOMORROW = re.compile(r"\b(?:tomorrow|manana|amanha|demain|domani)\b|(?<!guten )(?<!heute )\bmorgen\b(?! fruh ist)")
#: "in the morning" is the same word as tomorrow in some languages, and "the day after" is another day.
_NOT_TOMORROW = re.compile(
    r"day after tomorrow|ubermorgen|overmorgen|pasado manana|depois de amanha|apres-demain|dopodomani"
    r"|(?:la|de|por la|esta) manana|goede ?morgen|guten morgen"
)
_TODAY = re.compile(r"\b(?:today|heute|hoy|hoje|aujourd'hui|oggi|vandaag)\b")
#: "Next Friday" is this week's for some and next week's for others; "since Friday" has been.
_DOUBT = re.compile(
    r"\b(?:next|last|past|since|nachste[rnms]?|letzte[rnms]?|vergangene[nr]?|seit|proximo|proxima|pasado|passada|desde|prochain|dernier"
    r"|depuis|prossimo|scorso|volgende|vorige|sinds|every|jeden|cada|chaque|ogni|elke)\b"
)
_WEEKDAY = re.compile(rf"\b({'|'.join(sorted(_WEEKDAYS, key=len, reverse=True))})s?\b")
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
#: German dates have dots: the day stands first. With slashes nobody knows.
_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})?(?!\d)")
_MONTH_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY_MONTH = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th|\.|er)?(?: of| de| di)? ({_MONTH_NAMES})\b(?:,? (?:de )?(\d{{4}}))?"
)
_MONTH_DAY = re.compile(rf"\b({_MONTH_NAMES}) (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}}))?")
#: Further ahead than this nobody promises in a chat; a date without a year is the next such day.
FURTHEST = timedelta(days=200)


_HINT = re.compile(
    rf"\d[.-]|{'|'.join([*_WEEKDAYS, *_MONTHS])}|tomorrow|manana|amanha|demain|domani|morgen"
    r"|today|heute|hoy|hoje|aujourd|oggi|vandaag"
)


def may_name_a_day(text: str) -> bool:
    """Whether it is worth looking: most messages name no day."""
    return _HINT.search(folded(text)) is not None


def day_named(sentence: str, said_on: date) -> date | None:
    """The one day that the sentence names, as of the day it was said; None when it names none, several or a doubt.

    A weekday is the next one after that day; the weekday of that very day is in doubt.
    """
    text = folded(sentence)
    found = {*_dates(text, said_on), *_near(text, said_on)}
    if len(found) != 1:
        return None
    day = found.pop()
    return day if day is not None and said_on <= day <= said_on + FURTHEST else None


def _near(text: str, said_on: date) -> set[date | None]:
    """Days told from the day it was said; None for each that is in doubt."""
    found: set[date | None] = set()
    if _NOT_TOMORROW.search(text):
        if not re.search(r"guten morgen|goede ?morgen", text):
            found.add(None)
    elif _TOMORROW.search(text):
        found.add(said_on + timedelta(days=1))
    if _TODAY.search(text):
        found.add(said_on)
    dates = _dates(text, said_on)
    for match in _WEEKDAY.finditer(text):
        weekday = _WEEKDAYS[match[1]]
        if any(day is not None and day.weekday() == weekday for day in dates):
            continue  # "Friday, 27 November" names one day twice
        ahead = (weekday - said_on.weekday()) % 7
        found.add(said_on + timedelta(days=ahead) if ahead and not _DOUBT.search(text) else None)
    return found


def _dates(text: str, said_on: date) -> set[date | None]:
    """Days told by their date; None for one that is no day."""
    found = {_day(int(m[1]), int(m[2]), int(m[3]), said_on) for m in _ISO.finditer(text)}
    found |= {_day(_year(m[3]), int(m[2]), int(m[1]), said_on) for m in _DOTTED.finditer(text)}
    found |= {_day(_year(m[3]), _MONTHS[m[2]], int(m[1]), said_on) for m in _DAY_MONTH.finditer(text)}
    rest = _DAY_MONTH.sub(" ", text)
    return found | {_day(_year(m[3]), _MONTHS[m[1]], int(m[2]), said_on) for m in _MONTH_DAY.finditer(rest)}


def _year(told: str | None) -> int:
    return 0 if not told else int(told) + (2000 if len(told) == 2 else 0)


def _day(year: int, month: int, day: int, said_on: date) -> date | None:
    try:
        if year:
            return date(year, month, day)
        this = date(said_on.year, month, day)
        return this if this >= said_on else date(said_on.year + 1, month, day)
    except ValueError:
        return None
