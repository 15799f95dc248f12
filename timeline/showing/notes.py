"""A note of a colleague: its text with the colleagues whom it names."""

import re
from dataclasses import dataclass

from timeline.models import Entry
from timeline.showing.parts import list_of, word_of


@dataclass(frozen=True, slots=True)
class NoteView:
    """`pieces` are the text in order, each with whether it names a colleague; `others` are named, but not in it."""

    by: str
    pieces: tuple[tuple[str, bool], ...]
    others: tuple[str, ...]


def note_of(entry: Entry) -> NoteView:
    """The note as its template shows it."""
    names = [name for name in list_of(entry.detail, "mentioned") if isinstance(name, str) and name]
    # The longest first: of Ben and Ben Adler the text names the one it spells out.
    spelled = "|".join(re.escape(f"@{name}") for name in sorted(names, key=len, reverse=True))
    parts = re.split(f"({spelled})", entry.text) if spelled else [entry.text]
    pieces = tuple((part, bool(number % 2)) for number, part in enumerate(parts) if part)
    found = {part for part, is_name in pieces if is_name}
    return NoteView(
        by=word_of(entry.detail, "by"),
        pieces=pieces,
        others=tuple(f"@{name}" for name in names if f"@{name}" not in found),
    )
