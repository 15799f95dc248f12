"""The parts of a MIME mail, found in its bytes without copying them and within bounds.

Not the standard library's parser: it looks at every line once for each level, so that 300 nested parts over 300,000
lines cost minutes (SECURITY S4), and it recurses. Here a level costs one search for its boundary.
"""

import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Any

from channels_ingest.adapters.mail.charset import to_text
from channels_ingest.adapters.mail.headers import Headers, from_base64, split_head

MOST_DEPTH = 12
MOST_PARTS = 400
LONGEST_BOUNDARY = 200
_LONGEST_VALUE = 4_000  # characters of a Content-Type: its parser in the library takes quadratic time


class TooComplexError(Exception):
    """More parts or levels than any honest mail has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One part: its fields, its type, and where its body stands in the raw mail; `children` if it is a multipart."""

    raw: bytes
    start: int
    end: int
    headers: Headers
    mime_type: str
    charset: str
    filename: str
    disposition: str
    is_flowed: bool
    is_delsp: bool
    report_type: str
    is_truncated: bool = False
    children: tuple["Node", ...] = ()

    @property
    def content(self) -> bytes:
        """The body with its transfer encoding undone; what cannot be undone is as it came."""
        body = self.raw[self.start : self.end]
        encoding = self.headers.first("content-transfer-encoding").strip().lower()
        if encoding == b"base64":
            return from_base64(body)
        if encoding == b"quoted-printable":
            return binascii.a2b_qp(body)
        return body

    def leaves(self) -> Iterator["Node"]:
        """Every part that holds no others, in the order of the mail."""
        if self.children:
            for child in self.children:
                yield from child.leaves()
        else:
            yield self


class _Budget:
    def __init__(self) -> None:
        self.parts = 0

    def spend(self, depth: int) -> None:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise TooComplexError(f"more than {MOST_PARTS} parts")
        if depth > MOST_DEPTH:
            raise TooComplexError(f"parts nested more than {MOST_DEPTH} deep")


def read_tree(raw: bytes) -> Node:
    """The mail in `raw` with all its parts. Forwarded mails (message/rfc822) are leaves. Raises TooComplexError."""
    return _node(raw, 0, len(raw), 0, _Budget(), "text/plain")


def _node(raw: bytes, start: int, end: int, depth: int, budget: _Budget, default_type: str) -> Node:
    budget.spend(depth)
    headers, body = split_head(raw, start, end)
    fields = _declared(headers, default_type)
    boundary = fields.pop("boundary")
    children: tuple[Node, ...] = ()
    is_truncated = False
    if fields["mime_type"].startswith("multipart/") and boundary:
        default = "message/rfc822" if fields["mime_type"] == "multipart/digest" else "text/plain"
        found, is_truncated = spans(raw, body, end, boundary)
        children = tuple(_node(raw, first, last, depth + 1, budget, default) for first, last in found)
    return Node(raw=raw, start=body, end=end, headers=headers, is_truncated=is_truncated, children=children, **fields)


def _declared(headers: Headers, default_type: str) -> dict[str, Any]:
    """What the Content- fields say; a part that says nonsense is plain text."""
    message = Message()
    message["Content-Type"] = _value(headers, "content-type") or default_type
    message["Content-Disposition"] = _value(headers, "content-disposition") or "none"
    found: dict[str, Any] = {
        "mime_type": "text/plain",
        "charset": "",
        "filename": "",
        "disposition": "",
        "boundary": b"",
        "is_flowed": False,
        "is_delsp": False,
        "report_type": "",
    }
    try:
        boundary = message.get_boundary("")
        found |= {
            "mime_type": message.get_content_type(),
            "charset": message.get_content_charset(""),
            "filename": message.get_filename(""),
            "disposition": message.get_content_disposition() or "",
            "boundary": boundary.encode("utf-8", "surrogateescape")[:LONGEST_BOUNDARY].rstrip(),
            "is_flowed": str(message.get_param("format", "")).lower() == "flowed",
            "is_delsp": str(message.get_param("delsp", "")).lower() == "yes",
            "report_type": str(message.get_param("report-type", "")).lower(),
        }
    except Exception:  # the library's parameter parser was not written for hostile input
        return found
    return found


def _value(headers: Headers, name: str) -> str:
    raw = headers.first(name)[:_LONGEST_VALUE]
    return to_text(raw)[0].replace("\r", "").replace("\n", "")


def spans(raw: bytes, start: int, end: int, boundary: bytes) -> tuple[list[tuple[int, int]], bool]:
    """Where each part of a multipart stands, and whether the closing delimiter is missing."""
    delimiter = b"--" + boundary
    found: list[tuple[int, int]] = []
    part_start = -1
    at = raw.find(delimiter, start, end)
    while at != -1:
        after = at + len(delimiter)
        is_close = raw[after : after + 2] == b"--"
        line_end = raw.find(b"\n", after, end)
        line_end = end if line_end == -1 else line_end
        is_alone = not raw[after + 2 * is_close : min(line_end, after + 200)].strip()
        if (at == start or raw[at - 1 : at] == b"\n") and (is_alone or is_close):
            if part_start != -1:
                last = at - 1 if raw[at - 1 : at] == b"\n" else at
                last = last - 1 if last > part_start and raw[last - 1 : last] == b"\r" else last
                found.append((part_start, max(part_start, last)))
            if is_close:
                return found, False
            part_start = min(line_end + 1, end)
            if len(found) > MOST_PARTS:
                raise TooComplexError(f"more than {MOST_PARTS} parts")
        at = raw.find(delimiter, after, end)
    if part_start != -1:
        found.append((part_start, end))
    return found, True
