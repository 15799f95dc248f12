"""The words of an HTML mail that has no text part, for the timeline and for search. The HTML itself is kept beside it.

Quoted blocks get the `>` of text mail, so that they fold alike.
"""

import re
from html import unescape

from lxml import etree, html

#: Characters of HTML that are read for their words; newsletters stay under 200,000.
MOST_READ = 1_000_000
_UNSEEN = frozenset({"script", "style", "head", "title", "template", "object", "svg", "math", "select", "textarea"})
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset"}
    | {"figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "legend"}
    | {"li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul"}
)
_SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"})
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all|font-size\s*:\s*0(?![.\d])", re.IGNORECASE)
#: A quote without a rule beside it is the indentation of Gmail and Apple Mail: the writer's own words.
_INDENTED = re.compile(r"border\s*:\s*(?:none|medium none|0)", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_UNSHOWN = re.compile("[\u00ad\u034f\u200b\u200c\u2060\ufeff]{3,}")  # what newsletters fill their preview line with


def text_of(source: str) -> str:
    """What a reader of the HTML would see, in lines. Never raises; HTML that cannot be parsed loses its tags."""
    try:
        # Bytes with their encoding told: a string is refused if it declares another in a `meta` element.
        parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
        root = html.document_fromstring(source[:MOST_READ].encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError, TypeError):
        return _stripped(source[:MOST_READ])
    if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):
        return _stripped(source[:MOST_READ])  # 256 levels: what is below would be lost
    lines = _Lines()
    hidden = 0
    for event, node in etree.iterwalk(root, events=("start", "end")):
        tag, style = node.tag if isinstance(node.tag, str) else "", node.get("style") or ""
        is_hidden = tag in _UNSEEN or not tag or bool(_HIDDEN.search(style))
        if tag == "blockquote" and node.get("type") != "cite" and _INDENTED.search(style):
            tag = "div"
        if event == "start":
            hidden += is_hidden
            if not hidden:
                lines.open(tag)
                lines.add(node.text or "")
        else:
            if not hidden:
                lines.close(tag)
            hidden -= is_hidden
            if not hidden:
                lines.add(node.tail or "")
    return lines.text()


def _stripped(source: str) -> str:
    """The words of HTML that is nested too deep to be parsed: nobody may hide a mail from search by 300 `div`s."""
    return " ".join(unescape(_TAG.sub(" ", source)).split())


class _Lines:
    """Lines that grow; each knows how deep it is quoted."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._line = ""
        self._quoted = 0
        self._preformatted = 0

    def open(self, tag: str) -> None:
        if tag == "br":
            self._end()
        elif tag in _BLOCKS:
            self._break(tag)
            self._quoted += tag == "blockquote"
            self._preformatted += tag == "pre"
            self._line = "- " if tag == "li" else ""
        elif tag in ("td", "th") and self._line and not self._line.endswith((" ", "- ")):
            self._line += "  "

    def close(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._break(tag)
            self._quoted -= tag == "blockquote"
            self._preformatted -= tag == "pre"

    def add(self, text: str) -> None:
        if self._preformatted:
            *whole, rest = text.split("\n")
            for line in whole:
                self._line += line
                self._end()
            self._line += rest
            return
        text = _SPACES.sub(" ", text)
        self._line += text.lstrip(" ") if not self._line or self._line.endswith(" ") else text

    def _break(self, tag: str) -> None:
        if self._line.strip(" -") or self._line.strip() == "-":
            self._end()
        self._line = ""
        if tag in _SPACED and self._done and self._done[-1].strip("> "):
            self._done.append(self._prefix().rstrip())

    def _end(self) -> None:
        line = self._line if self._preformatted else self._line.strip(" \u00a0")
        self._done.append((self._prefix() + line).rstrip())
        self._line = ""

    def _prefix(self) -> str:
        return "> " * min(self._quoted, 20)

    def text(self) -> str:
        self._break("html")
        while self._done and not self._done[-1].strip("> "):
            self._done.pop()
        text = "\n".join(self._done).replace("\u00a0", " ")
        return _BLANK_LINES.sub("\n\n", _UNSHOWN.sub("", text)).strip()
