"""Every screen: no accessibility violation, nothing wider than the window; and pictures of them, for people.

One width and theme in every run. `CXHUB_SCREENSHOTS=FOLDER` walks all three widths, both themes and both directions,
and leaves a picture of each screen in FOLDER.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.screens.demo_hub import DemoHub
from tests.screens.walk import SCREENS

pytestmark = pytest.mark.browser

AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe-4.14.1.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {1440: 900, 1024: 768, 390: 844}
PICTURES = os.environ.get("CXHUB_SCREENSHOTS", "")
#: The words of every button that is shown and holds more than it shows.
CUT_BUTTONS = """() => [...document.querySelectorAll("button, .button")]
    .filter((one) => one.checkVisibility() && one.offsetWidth > 2 && one.scrollWidth > one.clientWidth + 1
        && getComputedStyle(one).overflowX !== "visible")
    .map((one) => one.innerText.trim() || one.title)"""
LOOKS = [
    (width, scheme, direction)
    for width in (SIZES if PICTURES else [1440])
    for scheme in (["light", "dark"] if PICTURES else ["light"])
    for direction in (["ltr", "rtl"] if PICTURES else ["ltr"])
]


@pytest.mark.parametrize(("width", "scheme", "direction"), LOOKS)
def test_every_screen(hub: DemoHub, chromium: Browser, width: int, scheme: str, direction: str) -> None:
    page = hub.page(chromium, width=width, height=SIZES[width], scheme=scheme)
    wrong: list[Any] = []
    for name, step in SCREENS.items():
        step(page)
        if direction == "rtl":
            page.evaluate("document.documentElement.dir = 'rtl'")
        wrong += [(name, *fault) for fault in _faults(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append((name, "wider than the window"))
        if PICTURES:
            _picture(page, f"{name.rstrip('*')}-{width}-{scheme}-{direction}")
    page.context.close()
    assert wrong == []


@pytest.mark.parametrize(("width", "style"), [(320, ""), (640, "html { font-size: 200% !important }")])
def test_every_screen_reflows(hub: DemoHub, chromium: Browser, width: int, style: str) -> None:
    """At 320 px and with text of twice the size nothing scrolls sideways and no button's words are cut."""
    page = hub.page(chromium, width=width, height=720, scheme="light")
    wrong: list[Any] = []
    for name, step in SCREENS.items():
        step(page)
        if style:
            page.add_style_tag(content=style)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append((name, "wider than the window"))
        wrong += [(name, "cut", words) for words in page.evaluate(CUT_BUTTONS)]
        if PICTURES:
            _picture(page, f"{name.rstrip('*')}-{width}-{'large' if style else 'narrow'}")
    page.context.close()
    assert wrong == []


def test_axe_is_the_published_file() -> None:
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == (
        "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
    )


def _faults(page: Page) -> list[tuple[str, str, list[str]]]:
    """What axe finds wrong: rule, its sentence, and the first elements."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [(v["id"], v["help"], [node["html"][:140] for node in v["nodes"][:3]]) for v in found["violations"]]


def _picture(page: Page, name: str) -> None:
    Path(PICTURES).mkdir(parents=True, exist_ok=True)
    page.screenshot(path=f"{PICTURES}/{name}.png")
