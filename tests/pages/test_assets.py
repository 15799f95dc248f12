"""What the browser loads: contrast, weight, and the vendored file as it came."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from cxhub.static_files import is_ours, stripped

STATIC = Path(__file__).resolve().parents[2] / "templates" / "static"
CSS = "".join((STATIC / name).read_text() for name in ("app.css", "identity.css", "composer.css"))
TOKENS = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", CSS))
CHANNELS = ["chat", "email", "whatsapp", "sms", "voice", "messenger", "instagram", "telegram", "push", "store", "api"]

PAIRS = [
    *((ink, ground, 4.5) for ink in ("text", "text-2", "text-3", "accent", "danger", "warn", "ok")
      for ground in ("bg", "surface", "sunken", "selected", "out")),
    *((channel, ground, 4.5) for channel in CHANNELS for ground in ("bg", "surface", "sunken", "selected", "out")),
    ("on-accent", "accent", 4.5), ("danger", "danger-tint", 4.5), ("warn", "warn-tint", 4.5), ("ok", "ok-tint", 4.5),
    ("note", "note-tint", 4.5), ("text", "danger-tint", 4.5), ("text-2", "danger-tint", 4.5),
    *(("control", ground, 3.0) for ground in ("bg", "surface", "sunken", "selected")),
]  # fmt: skip


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS, ids=[f"{p[0]}-on-{p[1]}" for p in PAIRS])
def test_every_pair_of_tokens_can_be_read(ink: str, ground: str, least: float, theme: int) -> None:
    lighter, darker = sorted((luminance(token(ink, theme)), luminance(token(ground, theme))), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= least


def test_weight_stays_within_the_budget() -> None:
    every_page = packed("app.js") + packed("vendor/htmx-4.0.1.min.js")
    assert every_page + max(packed("identity.js"), packed("live.js") + packed("unread.js")) <= 25_000
    box = sum(map(packed, ("composer.js", "drafts.js", "sending.js")))  # when somebody turns to the reply box
    assert box <= 7_000
    assert packed("app.css") <= 10_000
    assert packed("app.css") + max(packed("identity.css"), packed("composer.css")) <= 14_000


def test_htmx_is_the_published_file() -> None:
    digest = hashlib.sha256((STATIC / "vendor" / "htmx-4.0.1.min.js").read_bytes()).hexdigest()
    assert digest == "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"


def test_styles_are_logical_so_that_right_to_left_works() -> None:
    assert not re.findall(r"[\s{;](?:margin|padding|border|inset)-(?:left|right)\b|[\s{;](?:left|right)\s*:", CSS)


def test_every_icon_that_is_named_exists() -> None:
    root = STATIC.parent
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "i.svg").read_text()))
    named = {
        name for path in root.rglob("*.html") for name in re.findall(r'{% icon "([\w-]+)"', path.read_text())
    }  # fmt: skip
    assert named <= sprite


def token(name: str, theme: int) -> str:
    return TOKENS[name].split(", ")[theme]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    red, green, blue = (channel(int(colour[start : start + 2], 16) / 255) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def channel(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def packed(name: str) -> int:
    """The bytes that a browser loads: what `test_first_view` measures over HTTP."""
    path = STATIC / name
    text = stripped(path.read_text(), suffix=path.suffix) if is_ours(name) else path.read_text()
    return len(gzip.compress(text.encode(), 9))
