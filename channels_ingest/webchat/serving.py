"""The widget as it is served: one script with its style sheet within, squeezed; and what it loads when needed."""

import base64
import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from channels_ingest.webchat.squeezing import squeezed_script, squeezed_style

SOURCES = Path(__file__).parent / "widget"
MOST_GZIPPED_BYTES = 6_000


@dataclass(frozen=True, slots=True)
class Widget:
    """The script, gzipped too. `digest` names these bytes; `integrity` is what a page may pin."""

    script: bytes
    gzipped: bytes
    digest: str
    integrity: str


@cache
def widget() -> Widget:
    """The widget of this release, made once in a process."""
    style = squeezed_style((SOURCES / "hub-chat.css").read_text(encoding="utf-8"))
    source = (SOURCES / "hub-chat.js").read_text(encoding="utf-8")
    script = squeezed_script(source).replace("STYLE", f"`{style}`").replace("MORE", f'"{extras().digest}"')
    return _made(script.encode())


@cache
def extras() -> Widget:
    """What it loads when somebody needs it; the widget names these very bytes."""
    return _made(squeezed_script((SOURCES / "hub-more.js").read_text(encoding="utf-8")).encode())


def _made(script: bytes) -> Widget:
    digest = hashlib.sha384(script).digest()
    return Widget(
        script=script,
        gzipped=gzip.compress(script, 9, mtime=0),
        digest=hashlib.sha256(script).hexdigest()[:16],
        integrity=f"sha384-{base64.b64encode(digest).decode()}",
    )
