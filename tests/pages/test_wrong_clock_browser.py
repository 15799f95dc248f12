"""A browser whose clock is a day off: what waits, ages and closes does so by the hub's clock."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from profiles.models import ChannelIdentity
from tests.pages.test_writing_browser import mira, path_of

__all__ = ["mira"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("off", [timedelta(days=1), timedelta(days=-1)], ids=["ahead", "behind"])
def test_times_age_by_the_clock_of_the_hub(
    open_page: Callable[..., Page], mira: ChannelIdentity, off: timedelta
) -> None:
    page = open_page("/inbox/all/")
    page.clock.install(time=timezone.now() + off)
    page.goto(path_of(mira))
    page.clock.run_for(2_000)
    page.locator("#answer").focus()
    expect(page.locator("#box[data-started]")).to_have_count(1)
    page.wait_for_function("hub.load('times').then(() => true)")
    page.clock.run_for(31_000)
    for time in page.locator(f"#row-{mira.profile_id} time[data-ago]").all():
        expect(time).to_have_text(re.compile(r"^(1\d|6\d) min$|^1 h"))
    expect(page.locator("#box [data-until] span:visible")).to_have_text(re.compile("23 h"))
    expect(page.locator("#send-word")).to_have_text("Send on WhatsApp")
