"""Form bodies as providers of mail post them, read from the bytes: no field is decoded before its charset is known.

Django's own form parser decodes every field as UTF-8, drops files with odd names, and refuses a field that is longer
than its limit with 400, after which SendGrid drops the mail (CHANNELS 1.8).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from channels_ingest.adapters.base import PayloadError
from channels_ingest.adapters.forms import form_pairs
from channels_ingest.adapters.mail.charset import to_text
from channels_ingest.adapters.mail.headers import split_head
from channels_ingest.adapters.mail.tree import TooComplexError, spans

_BOUNDARY = re.compile(rb"\s{0,20}--([^\r\n]{1,200}?)[ \t]*\r?\n")
_NAME = re.compile(r'(?:^|;)\s*name="((?:[^"\\]|\\.)*)"|(?:^|;)\s*name=([^\s;"]+)', re.IGNORECASE)
_FILENAME = re.compile(r'(?:^|;)\s*filename="((?:[^"\\]|\\.)*)"|(?:^|;)\s*filename=([^\s;"]+)', re.IGNORECASE)
_ESCAPED = re.compile(r"\\([\"\\])")


@dataclass(frozen=True, slots=True)
class Field:
    """One field as bytes; `filename` is None for one that is no file."""

    name: str
    content: bytes
    filename: str | None = None
    mime_type: str = ""

    def text(self, charset: str = "utf-8") -> str:
        """The content as text."""
        return to_text(self.content, charset)[0]


class Form:
    """The fields of a body, in order.

    `is_sound` is False where the mail inside may have written fields of its own: SendGrid's boundary is always the
    same word, and a mail that has it in its text ends one field and begins others, such as `SPF`.
    """

    def __init__(self, fields: Sequence[Field], *, is_closed: bool = True) -> None:
        self.fields = fields
        names = [field.name for field in fields]  # files too: with a file's name one's own `SPF` would be the first
        self.is_sound = is_closed and len(names) == len(set(names))

    def first(self, name: str) -> Field | None:
        """The first field of this name."""
        return next((field for field in self.fields if field.name == name), None)

    def text(self, name: str, charset: str = "utf-8") -> str:
        """The first field of this name as text; empty if there is none."""
        field = self.first(name)
        return field.text(charset) if field else ""


def read_form(body: bytes) -> Form:
    """The form in `body`, multipart or urlencoded, by what it looks like: the header is not believed.

    Raises PayloadError for what is neither.
    """
    match = _BOUNDARY.match(body)
    if match:
        try:
            found, _ = spans(body, 0, len(body), match[1])
        except TooComplexError as error:
            raise PayloadError(f"expected a form, got {error}") from None
        closing = b"--" + match[1] + b"--"
        is_closed = body.count(closing) == 1 and body.rstrip().endswith(closing)
        return Form([field for start, end in found if (field := _field(body, start, end))], is_closed=is_closed)
    fields = [Field(to_text(name)[0], value) for name, value in form_pairs(body)]
    if not fields:
        raise PayloadError(f"expected a form, got {len(body)} bytes that are none")
    return Form(fields)


def _field(body: bytes, start: int, end: int) -> Field | None:
    headers, content_start = split_head(body, start, end)
    disposition = to_text(headers.first("content-disposition"))[0]
    name, filename = _NAME.search(disposition), _FILENAME.search(disposition)
    if not name:
        return None
    return Field(
        name=_unescaped(name[1] or name[2] or ""),
        content=body[content_start:end],
        filename=_unescaped(filename[1] or filename[2] or "") if filename else None,
        mime_type=headers.text("content-type").partition(";")[0].strip().lower(),
    )


def _unescaped(value: str) -> str:
    return _ESCAPED.sub(r"\1", value).replace("%22", '"').replace("%0D%0A", " ")
