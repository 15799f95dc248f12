"""What browsers load is collected without comments and indentation; the sources keep both.

There is no parser here: only what cannot be anything else is dropped, and a file in which a line's beginning could
matter (a text over several lines) is refused.
"""

import re
from pathlib import PurePosixPath

from django.core.files.base import ContentFile, File
from whitenoise.storage import CompressedManifestStaticFilesStorage

_BLOCK = re.compile(r"^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^[ \t]*//.*\n", re.MULTILINE)
#: Behind code only where no quote, and so no end of a text, follows: `"a // b"` stays whole.
_TAIL = re.compile(r"""[ \t]+// [^"'`\]\n]*$""", re.MULTILINE)
#: In a style sheet a text, and the blanks around what ends a rule or a declaration.
_TEXT = re.compile(r"""("[^"\n]*"|'[^'\n]*')""")
_AROUND = re.compile(r"\s*([{};])\s*")
_BLANKS = re.compile(r"^\s+|[ \t]+$", re.MULTILINE)


class TextOverLinesError(ValueError):
    """A script has a text over several lines, whose leading blanks would be lost."""


def stripped(source: str, *, suffix: str) -> str:
    """The script or style sheet, which does the same. Raises TextOverLinesError."""
    if suffix == ".js":
        for number, line in enumerate(source.splitlines(), 1):
            if line.endswith("\\") or (line.count("`") - line.count("\\`")) % 2:
                raise TextOverLinesError(f"line {number}: expected a text that ends on the line it began")
    source = _BLOCK.sub("", source)
    if suffix == ".js":
        return _BLANKS.sub("", _TAIL.sub("", _LINE.sub("", source)))
    parts = _TEXT.split(source)
    parts[::2] = [_AROUND.sub(r"\1", part).replace(";}", "}").replace(", ", ",") for part in parts[::2]]
    return "".join(parts)


def is_ours(name: str) -> bool:
    """Whether a static file is a script or style sheet of the hub: those lie in no folder, what others wrote does."""
    path = PurePosixPath(name)
    return path.suffix in (".js", ".css") and len(path.parts) == 1


class StrippedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed and compressed names as WhiteNoise makes them, of files that were stripped first if they are ours."""

    def url(self, name: str, force: bool = False) -> str:
        """Its address, worked out once: a page names a few hundred, and none changes while a process runs."""
        known: dict[str, str] = self.__dict__.setdefault("_known_urls", {})
        if name not in known or force:
            known[name] = str(super().url(name, force))
        return known[name]

    def _save(self, name: str, content: "File[bytes]") -> str:
        """Under its own name and under the hashed one, which Django makes from the source, not from what was saved."""
        if is_ours(name):
            content.seek(0)
            text = stripped(content.read().decode("utf-8"), suffix=PurePosixPath(name).suffix)
            content = ContentFile(text.encode(), name=name)
        return str(super()._save(name, content))
