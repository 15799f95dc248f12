"""A hub with the demo's month in it, started as a newcomer starts it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.cxhub.hub_rig import started_hub

#: A cold start makes the database and tells a month of stories through the webhooks.
READY_SECONDS = 180


@dataclass(frozen=True)
class DemoHub:
    """Where it listens, and who may log in: password by e-mail address."""

    url: str
    passwords: dict[str, str]

    def page(
        self, browser: Browser, *, width: int, height: int, scheme: str, member: str = "karin@example.com"
    ) -> Page:
        """A page on which somebody is logged in; rights end where the member's do."""
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            base_url=self.url,
            bypass_csp=True,  # axe is put into the page, which the hub's own policy forbids
        )
        page = context.new_page()
        page.goto("/login/")
        page.get_by_label("E-mail").fill(member)
        page.get_by_label("Password").fill(self.passwords[member])
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/inbox/**")
        return page


@contextmanager
def demo_hub(data: Path) -> Iterator[DemoHub]:
    """`up --demo` until the demo has told everything; stopped at the end."""

    with started_hub(data, "--demo") as hub:
        url = hub.line_with("ready http", within_seconds=READY_SECONDS).split()[-1]
        hub.line_with("Log in as:", within_seconds=READY_SECONDS)
        passwords: dict[str, str] = {}
        while len(passwords) < 3:
            line = hub.line_with("@example.com", within_seconds=10)
            if found := re.search(r"(\S+@example\.com)\s+(\S+)", line):
                passwords[found[1]] = found[2]
        yield DemoHub(url, passwords)
