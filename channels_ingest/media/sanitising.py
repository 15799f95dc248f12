"""HTML of strangers made harmless by an allow-list. Plain Python, and a program that does it within a limit of time.

Parsing is quadratic for some input (100,000 nested `div`s take 41 s, measured with nh3 0.3.8), so that anything long is
parsed by a process of its own, which may be ended.
"""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

import nh3

#: Up to this length the worst input takes half a second, and starting a process would take longer than most do.
_AT_ONCE_CHARACTERS = 64 * 1024
_APART_SECONDS = 4
_APART_BYTES = 1024 * 1024 * 1024
_PROJECT = Path(__file__).resolve().parents[2]

_WORDS = """
a abbr address b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div dl dt em
figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark ol p pre q s samp section
small span strike strong sub summary sup table tbody td tfoot th thead tr tt u ul var wbr
"""
_TAGS = frozenset(_WORDS.split())
_ANYWHERE = frozenset({"dir", "lang", "title", "align", "style", "valign", "bgcolor", "width", "height"})
_OF_TAG: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "a": frozenset({"href"}),
        "img": frozenset({"src", "alt", "border", "hspace", "vspace"}),
        "font": frozenset({"color", "face", "size"}),
        "table": frozenset({"border", "cellpadding", "cellspacing"}),
        "td": frozenset({"colspan", "rowspan", "nowrap"}),
        "th": frozenset({"colspan", "rowspan", "nowrap", "scope"}),
        "col": frozenset({"span"}),
        "colgroup": frozenset({"span"}),
        "ol": frozenset({"start", "type", "reversed"}),
        "ul": frozenset({"type"}),
        "li": frozenset({"value"}),
    }
)
_GONE_WITH_CONTENT = frozenset(
    {"script", "style", "title", "head", "noscript", "template", "textarea", "select", "object"}
)
_LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_SCHEMES = _LINK_SCHEMES | {"cid", "data"}
_DATA_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
#: Properties that set how text looks within its place; none that loads, covers, or moves out of it.
_STYLES = re.compile(
    r"color|background-color|font(-family|-size|-style|-weight|-variant)?|text-(align|decoration|indent|transform)"
    r"|line-height|letter-spacing|white-space|vertical-align|direction|unicode-bidi|list-style-type|float|clear"
    r"|(min-|max-)?(width|height)|(margin|padding)(-top|-right|-bottom|-left)?|display"
    r"|border(-top|-right|-bottom|-left)?(-color|-style|-width)?|border-(collapse|spacing|radius)|table-layout|word-break"
)
# No backslash, bracket of a function other than a colour's, quote that could end something, or at sign.
_STYLE_VALUE = re.compile(r"(?:[#\w\s.,%+\-'\"!]|rgba?\([\d\s.,%/]*\)|hsla?\([\d\s.,%/a-z]*\))*")


def sanitised_in_time(html: str, embedded: Mapping[str, str], *, has_pictures: bool) -> str | None:
    """As `sanitised`; None if that takes too long."""
    if len(html) <= _AT_ONCE_CHARACTERS:
        return sanitised(html, embedded, has_pictures=has_pictures)
    work = json.dumps({"html": html, "embedded": dict(embedded), "has_pictures": has_pictures})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "channels_ingest.media.sanitising"],
            input=work.encode(), capture_output=True, timeout=_APART_SECONDS, cwd=_PROJECT, check=True,
        )  # fmt: skip
    except subprocess.SubprocessError:
        return None
    return done.stdout.decode()


def sanitised(html: str, embedded: Mapping[str, str], *, has_pictures: bool) -> str:
    """The body that may be shown. `embedded` are the addresses of the mail's own pictures by content id.

    Pictures from elsewhere are left in with `has_pictures`, over https alone.
    """
    cleaned = nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_GONE_WITH_CONTENT),
        attributes={tag: set(_ANYWHERE | _OF_TAG.get(tag, frozenset())) for tag in _TAGS},
        attribute_filter=_filter(embedded, has_pictures=has_pictures),
        url_schemes=set(_SCHEMES),
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}, "img": {"referrerpolicy": "no-referrer"}},
    )
    return str(cleaned)


def _filter(embedded: Mapping[str, str], *, has_pictures: bool) -> Callable[[str, str, str], str | None]:
    """What becomes of each attribute that is allowed by name."""

    def kept(tag: str, attribute: str, value: str) -> str | None:
        if attribute == "style":
            return _style(value)
        if attribute == "href":
            return value if _scheme(value) in _LINK_SCHEMES else None
        if attribute == "src":
            return _picture(value.strip(), embedded, has_pictures=has_pictures)
        return value

    return kept


def _picture(address: str, embedded: Mapping[str, str], *, has_pictures: bool) -> str | None:
    """Where the picture is, if it may be shown."""
    scheme = _scheme(address)
    if scheme == "cid":
        return embedded.get(unquote(address[4:]).strip("<>"))
    if scheme == "data":
        return address if _DATA_PICTURE.fullmatch(address) else None
    return address if has_pictures and scheme == "https" else None


def _scheme(address: str) -> str:
    try:
        return urlsplit(address.strip()).scheme.lower()
    except ValueError:
        return ""


def _style(value: str) -> str | None:
    """The declarations that only set how text looks."""
    declarations = (part.partition(":") for part in value.split(";"))
    kept = [
        f"{name.strip().lower()}:{said.strip()}"
        for name, _colon, said in declarations
        if _STYLES.fullmatch(name.strip().lower()) and _STYLE_VALUE.fullmatch(said)
    ]
    return ";".join(kept) or None


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_APART_SECONDS, _APART_SECONDS))  # also when nobody waits any more
    resource.setrlimit(resource.RLIMIT_AS, (_APART_BYTES, _APART_BYTES))
    work = json.load(sys.stdin.buffer)
    sys.stdout.buffer.write(sanitised(work["html"], work["embedded"], has_pictures=work["has_pictures"]).encode())


if __name__ == "__main__":
    _main()
