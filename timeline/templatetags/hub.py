"""Small pieces every page of the hub uses: icons of the sprite, times, initials.

A page has hundreds of them, so each is worked out once: a page of a customer cost 110 ms of processor time before.
"""

import hashlib
import html
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache

from django import template
from django.template import Context
from django.template.base import Node, Parser, Token
from django.templatetags.i18n import TranslateNode, do_translate
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from timeline.pages.agents import may_judge
from timeline.pages.glance import WAITING_SHOWN_LIMIT
from timeline.reporting import count_to_judge
from timeline.showing import marks
from timeline.showing.ages import HOUR, in_words, moment_words, span
from timeline.showing.dates import written as _written

register = template.Library()
AVATAR_TINTS = 6
#: Icons that point along the line: they point the other way where people read from the right.
POINTING = frozenset(
    {"arrow-right", "chevron-left", "chevron-right", "forward", "log-in", "log-out", "panel-right", "redo-2", "reply"}
    | {"send", "undo-2"}
)


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """The sprite's symbol `name`; decorative, since a word always stands beside it or on its button."""
    return _svg(static("i.svg"), name, extra)


@lru_cache(maxsize=512)
def _svg(sprite: str, name: str, extra: str) -> SafeString:
    css = f"i {'mirrored' if name in POINTING else extra}".strip()
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>', css, sprite, name)


@register.simple_tag
def clock(moment: datetime) -> SafeString:
    """The time of day in the agent's zone, with everything else on hover."""
    return _time(moment, marks.clock_of(moment))


@register.simple_tag
def ago(moment: datetime, style: str = "short") -> SafeString:
    """How long ago, kept true by the script: `short` "3 h", `span` "3 h", `words` "3 hours", `long` "3 hours ago"."""
    return _time(moment, in_words(moment, timezone.now(), style), relative=style)


@register.simple_tag
def left(moment: datetime) -> SafeString:
    """How long until a moment, or since it, without saying which: the words around it do."""
    now = timezone.now()
    return _time(moment, in_words(now - abs(moment - now), now, "span"), relative="left")


@register.simple_tag
def ahead(moment: datetime) -> SafeString:
    """A moment to come: the time of day while it is today, else the day too."""
    return _time(moment, moment_words(moment))


@register.filter
def of(values: Mapping[str, str], name: str) -> str:
    """The value of that name, empty without one."""
    return values.get(name, "")


@register.simple_tag
def window_left(ends_at: datetime) -> str:
    """How long WhatsApp's window stays open, until the script of the reply box goes on with it."""
    seconds = int((ends_at - timezone.now()).total_seconds())
    words = _("Closes in {time}") if seconds < 2 * HOUR else _("Open for {time} more")
    return words.format(time=span(max(seconds, 0)))


@register.simple_tag(takes_context=True)
def merges_waiting(context: Context) -> str | None:
    """How many pairs and reports wait for who may judge them, counted up to 99; None for everybody else."""
    if not may_judge(context["request"]):
        return None
    most = WAITING_SHOWN_LIMIT + 1
    waiting = count_to_judge(at_most=most)
    return f"{WAITING_SHOWN_LIMIT}+" if waiting > WAITING_SHOWN_LIMIT else str(waiting or "")


@register.simple_tag(takes_context=True)
def key_of(context: Context, key: str) -> SafeString:
    """The key that does what our `key` does, as whoever reads chose it; Shift is written out."""
    return format_html_join(" ", "<kbd>{}</kbd>", ((part,) for part in _pressed(context, key)))


@register.simple_tag(takes_context=True)
def key_hint(context: Context, key: str) -> SafeString:
    """The same beside what the key does; nothing for who has single keys switched off."""
    return key_of(context, key) if context.get("has_keys", True) else SafeString()


@register.simple_tag(takes_context=True)
def hint(context: Context, key: str) -> str:
    """The same behind a title, without marks: " (Shift A)"."""
    if not context.get("has_keys", True):
        return ""
    return f" ({' '.join(_pressed(context, key))})"


@register.simple_tag
def key_text(key: str, chosen: Mapping[str, str]) -> str:
    """The key as it is typed into a field."""
    return chosen.get(key) or key


@register.filter
def initials(name: str) -> str:
    """One or two letters that stand for a name; empty for a number."""
    words = [word for word in name.split() if unicodedata.category(word[0])[0] == "L"]
    return "".join(word[0] for word in (words if len(words) < 2 else [words[0], words[-1]])).upper()


@register.filter
def tint(name: str) -> str:
    """The class of the avatar's colour, always the same for a name."""
    return f"tint-{hashlib.sha256(name.encode()).digest()[0] % AVATAR_TINTS}"


@register.filter
def day_name(moment: datetime) -> str:
    """The day as an agent says it."""
    day = timezone.localtime(moment).date()
    days_ago = (timezone.localdate() - day).days
    if days_ago in (0, 1):
        return _("Yesterday") if days_ago else _("Today")
    if day.year == timezone.localdate().year:
        return _written(day, "long")
    return _written(day, "long, year")


@register.filter
def written(when: date | None, style: str) -> str:
    """A day or moment in a style of `showing.dates`; empty without one."""
    return _written(when, style) if when else ""


@register.filter
def clock_of(moment: datetime) -> str:
    """The time of day in the agent's zone, as text."""
    return marks.clock_of(moment)


@register.filter
def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970, by which the script keeps lists in order."""
    return round(moment.timestamp() * 1000)


def _pressed(context: Context, key: str) -> list[str]:
    chosen: Mapping[str, str] = context.get("keys_chosen") or {}
    parts: list[str] = []
    for part in chosen.get(key, key).split(" "):
        parts += ["Shift", part] if len(part) == 1 and part.isupper() else [part]
    return parts


def _time(moment: datetime, text: str, *, relative: str = "") -> SafeString:
    local = timezone.localtime(moment)
    whole = f"{_day_words(local.date(), get_language())}, {local:%H:%M:%S %Z}"
    mark = f' data-ago="{relative}"' if relative else ""
    return SafeString(
        f'<time datetime="{local.isoformat()}" title="{html.escape(whole)}"{mark}>{html.escape(text)}</time>'
    )


@lru_cache(maxsize=2_048)
def _day_words(day: date, _language: str | None) -> str:
    return _written(day, "long, year")


class _LiteralNode(Node):
    """Words of the template itself, looked up once for each language."""

    def __init__(self, words: str) -> None:
        self._words = words.replace("%", "%%")
        self._said: dict[str | None, SafeString] = {}

    def render(self, context: Context) -> SafeString:
        """The words in the language of the page."""
        language = get_language()
        if language not in self._said:
            self._said[language] = SafeString(_(self._words).replace("%%", "%"))
        return self._said[language]


@register.tag
def translate(parser: Parser, token: Token) -> Node:
    """Django's own tag, which takes four times as long for words that stand in the template."""
    node: TranslateNode = do_translate(parser, token)
    said = node.filter_expression
    is_plain = not (node.noop or node.asvar or node.message_context or said.filters)
    literal = said.var.literal if is_plain else None
    return _LiteralNode(literal) if isinstance(literal, str) else node
