"""A mail as it can be shown: its words, its HTML, its files, and what had to be guessed. Nothing here ever raises.

Which parts are the text is our own choice and not the library's, which takes the text of a forwarded mail for that of
an HTML-only one (mime-html-with-forwarded-mail.eml).
"""

import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from channels_ingest.adapters.base import clean
from channels_ingest.adapters.mail.charset import to_text
from channels_ingest.adapters.mail.files import MOST_FILES, file_part, forwarded_part
from channels_ingest.adapters.mail.headers import Headers, addresses_of, ids_of, moment_of, readable, split_head
from channels_ingest.adapters.mail.html_text import text_of
from channels_ingest.adapters.mail.tree import Node, TooComplexError, read_tree
from channels_ingest.messages import Part

#: Characters of text that are kept on the timeline; longer mails are logs and books, and their raw form is kept.
LONGEST_TEXT = 300_000
LONGEST_HTML = 3_000_000
_META_CHARSET = re.compile(rb"<meta[^>]{1,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
#: Parts that report on another mail: read by `reports`, not shown as files.
REPORT_TYPES = frozenset({"message/delivery-status", "message/feedback-report", "text/rfc822-headers"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail, provider-free. Ids are without their brackets, `faults` are short codes of what was guessed or lost.

    `reported` are the parts of a report about another mail, by type. `is_readable` is False when its body could not be
    taken apart: then there is no text, and the raw mail is all there is. `digest` names its content.
    """

    headers: Headers
    text: str
    parts: tuple[Part, ...] = ()
    faults: tuple[str, ...] = ()
    is_readable: bool = True
    digest: str = ""
    reported: tuple[tuple[str, bytes], ...] = ()
    report_type: str = ""

    @property
    def subject(self) -> str:
        """The subject as one line."""
        return self.headers.text("subject")

    @property
    def from_fields(self) -> list[bytes]:
        """The From fields, however many: there should be one."""
        return self.headers.all("from")

    @property
    def message_id(self) -> str:
        """The id that the sender's side gave it; anybody can choose any."""
        return next(iter(ids_of(self.headers.all("message-id")[:1])), "")

    @property
    def answered(self) -> list[str]:
        """Message ids it answers, the nearest first: In-Reply-To, then References from their end."""
        direct = ids_of(self.headers.all("in-reply-to"))
        return list(dict.fromkeys([*direct, *reversed(ids_of(self.headers.all("references")))]))

    @property
    def recipients(self) -> list[str]:
        """Every address it says it was sent or handed on to."""
        fields = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to")
        return addresses_of(value for name in fields for value in self.headers.all(name))

    @property
    def sent_at(self) -> datetime | None:
        """What its Date field says."""
        return moment_of(self.headers.first("date"))


def read_mail(raw: bytes) -> Mail:
    """The mail in `raw` (RFC 5322 with MIME)."""
    raw = raw.lstrip(b"\r\n") or raw
    try:
        tree = read_tree(raw)
        body = _body(tree)
    except TooComplexError as complex_mail:
        headers, _ = split_head(raw)
        return Mail(headers=headers, text="", faults=(f"complex: {complex_mail}",), is_readable=False, digest=_sha(raw))
    except Exception as error:  # a fault of ours: the mail is kept, seen, and read again once it is mended
        headers, _ = split_head(raw)
        return Mail(
            headers=headers, text="", faults=(f"unread: {type(error).__name__}",), is_readable=False, digest=_sha(raw)
        )
    text, parts = body.text(), tuple(body.parts())  # first: they say what had to be cut
    faults = body.faults + (["truncated"] if tree.is_truncated else []) + _head_faults(tree.headers)
    return Mail(
        headers=tree.headers,
        text=text,
        parts=parts,
        faults=tuple(dict.fromkeys(faults)),
        digest=_sha(raw[tree.start : tree.end]),
        reported=tuple(body.reported),
        report_type=tree.report_type if tree.mime_type == "multipart/report" else "",
    )


def from_fields(
    headers: Headers, text: str, html_text: str, files: Sequence[Part], *, faults: Iterable[str] = ()
) -> Mail:
    """The mail as a provider hands it on that has taken it apart itself."""
    body = _Body(pieces=[(clean(text), clean(html_text))] if text or html_text else [])
    body.faults += faults
    reported = [(part.mime_type, part.content) for part in files if part.mime_type in REPORT_TYPES]
    kinds = {kind for kind, _ in reported}
    report_type = next((kind.partition("/")[2] for kind in sorted(kinds) if kind.startswith("message/")), "")
    body.files = [part for part in files if part.mime_type not in REPORT_TYPES][:MOST_FILES]
    digest = hashlib.sha256(text.encode("utf-8", "replace") + b"\0" + html_text.encode("utf-8", "replace"))
    for part in files:
        digest.update(hashlib.sha256(part.content).digest())
    return Mail(
        headers=headers,
        text=body.text(),
        parts=tuple(body.parts()),
        faults=tuple(dict.fromkeys(body.faults + _head_faults(headers))),
        digest=digest.hexdigest(),
        reported=tuple(reported),
        report_type=report_type,
    )


def _sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _head_faults(headers: Headers) -> list[str]:
    guessed = [readable(headers.first(name))[1] for name in ("subject", "from")]
    return ["charset of the head guessed"] if any(guess and guess != "utf-8" for guess in guessed) else []


@dataclass(slots=True)
class _Body:
    """What was found of a mail's content. A piece is one stretch of it as (text, HTML); either may be empty."""

    pieces: list[tuple[str, str]] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    reported: list[tuple[str, bytes]] = field(default_factory=list)

    def text(self) -> str:
        """The words of every piece, from its HTML where it has no text."""
        told = [(text if text.strip() else text_of(markup)).strip("\r\n \t") for text, markup in self.pieces]
        whole = "\n\n".join(filter(None, told)).replace("\r\n", "\n").replace("\r", "\n")
        if len(whole) > LONGEST_TEXT:
            self.faults.append("text cut")
        return whole[:LONGEST_TEXT]

    def parts(self) -> list[Part]:
        """The HTML, if there is any, and then the files."""
        markup = ""
        if any(html_text.strip() for _, html_text in self.pieces):
            markup = "\n".join(html_text or f"<pre>{html.escape(text)}</pre>" for text, html_text in self.pieces)
        if len(markup) > LONGEST_HTML:
            self.faults.append("HTML cut")
        content = markup[:LONGEST_HTML].encode("utf-8", "replace")
        shown = [Part(role="html", name="mail.html", mime_type="text/html; charset=utf-8", content=content)]
        return [*(shown if content else []), *self.files]


def _body(tree: Node) -> _Body:
    body = _Body()
    _collect(tree, body, in_related=False, is_alone=True)
    return body


def _collect(node: Node, body: _Body, *, in_related: bool, is_alone: bool) -> None:
    """The part's content is in `body`: as text if it is meant to be read, else as a file."""
    if node.children:
        if node.mime_type == "multipart/alternative":
            _collect_alternatives(node, body, in_related=in_related)
        else:
            for child in node.children:
                _collect(child, body, in_related=node.mime_type == "multipart/related" or in_related, is_alone=False)
        return
    if node.mime_type in REPORT_TYPES:
        body.reported.append((node.mime_type, node.content))
    elif node.mime_type == "message/rfc822" or node.mime_type == "message/global":
        body.reported.append((node.mime_type, node.content[:20_000]))
        _add_file(body, forwarded_part(node, len(body.files) + 1))
    elif _is_text(node, is_alone=is_alone):
        text, guess = _decoded(node)
        if guess:
            body.faults.append("charset guessed")
        is_html = node.mime_type == "text/html"
        body.pieces.append(("", text) if is_html else (_unflowed(text, node), ""))
    elif node.start < node.end or node.filename:
        role = "inline" if in_related or node.disposition == "inline" else "attachment"
        _add_file(body, file_part(node, role, len(body.files) + 1))


def _is_text(node: Node, *, is_alone: bool) -> bool:
    """Whether a part is to be read where it stands. A multipart without parts is shown as the text it is."""
    if node.mime_type.startswith("multipart/"):
        return True
    is_meant = node.mime_type in ("text/plain", "text/html", "text/enriched")
    return is_meant and (is_alone or (node.disposition != "attachment" and not node.filename))


def _collect_alternatives(node: Node, body: _Body, *, in_related: bool) -> None:
    """Of several forms of one text, the last plain one and the last HTML one stand for it; the rest are files."""
    forms: list[tuple[str, str]] = []
    for child in node.children:
        inner = _Body()
        _collect(child, inner, in_related=in_related, is_alone=False)
        forms += [
            (
                "\n\n".join(text for text, _ in inner.pieces if text),
                "\n".join(markup for _, markup in inner.pieces if markup),
            )
        ]
        for file in inner.files:
            _add_file(body, file)
        body.faults += inner.faults
        body.reported += inner.reported
    text = next((text for text, _ in reversed(forms) if text.strip()), "")
    markup = next((markup for _, markup in reversed(forms) if markup.strip()), "")
    if text or markup:
        body.pieces.append((text, markup))


def _add_file(body: _Body, part: Part) -> None:
    if len(body.files) < MOST_FILES:
        body.files.append(part)
    else:
        body.faults.append("files left out")


def _decoded(node: Node) -> tuple[str, str]:
    content, label = node.content, node.charset
    if not label and node.mime_type == "text/html" and (meta := _META_CHARSET.search(content[:4_000])):
        label = meta[1].decode("ascii")
    return to_text(content, label)


def _unflowed(text: str, node: Node) -> str:
    """Lines that were wrapped for the way are whole again (RFC 3676)."""
    if not node.is_flowed:
        return text
    lines: list[str] = []
    depth_before = -1
    is_open = False
    for line in text.replace("\r\n", "\n").split("\n"):
        stripped = line.lstrip(">")
        depth = len(line) - len(stripped)
        content = stripped.removeprefix(" ")
        if is_open and depth == depth_before and content != "-- ":
            lines[-1] = (lines[-1].removesuffix(" ") if node.is_delsp else lines[-1]) + content
        else:
            lines.append(f"{'>' * depth}{' ' if depth else ''}{content}")
        is_open = content.endswith(" ") and content != "-- "
        depth_before = depth
    return "\n".join(line.rstrip(" ") if line != "-- " else line for line in lines)
