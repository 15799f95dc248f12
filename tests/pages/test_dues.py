"""When an answer is due stands at the message that waits for it, and follows what happens."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from profiles.models import ChannelAccount, ChannelIdentity
from tests.pages.conftest import NOON, Born, Say
from timeline.live import Happened, publish
from timeline.models import Entry
from timeline.queue import refold


@pytest.fixture
def mira(line: ChannelAccount, born: Born) -> ChannelIdentity:
    """A customer of a line that promises a first answer in an hour, and each further one in two."""
    line.settings = {"first_reply_minutes": "60", "next_reply_minutes": "120"}
    line.save()
    return born("Mira Lind")


def _minutes_ago(minutes: float) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)


def _due_at(pages: Client, entry: Entry) -> str:
    """What is said at the entry."""
    html = pages.get(f"/inbox/all/{entry.channel_identity.profile_id}/").content.decode()
    found = re.search(rf'id="e-{entry.pk}".*?</li>', html, re.S)
    assert found
    assert html.count('class="due"') <= 1
    due = "".join(re.findall(r'<p class="due">.*?</p>', found[0], re.S))
    return " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", due).split())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("minutes", "said"),
    [(48.5, "First reply due in 11 min"), (64.5, "First reply overdue by 4 min")],
)
def test_message_that_waits_says_until_when(
    pages: Client, mira: ChannelIdentity, say: Say, minutes: float, said: str
) -> None:
    entry = say(mira, "Where is it?", occurred_at=_minutes_ago(minutes))
    say(mira, "Hello?", occurred_at=_minutes_ago(5))
    refold([mira.profile_id])
    assert _due_at(pages, entry) == said


@pytest.mark.django_db
def test_further_answer_is_called_the_next_one(pages: Client, mira: ChannelIdentity, say: Say) -> None:
    say(mira, "Where is it?", occurred_at=NOON)
    say(mira, "On its way.", direction="out", occurred_at=_minutes_ago(200))
    entry = say(mira, "Since when?", occurred_at=_minutes_ago(9.5))
    ChannelIdentity.objects.update(last_outbound_at=_minutes_ago(200), last_inbound_at=_minutes_ago(9.5))
    refold([mira.profile_id])
    assert _due_at(pages, entry) == "Next reply due in 1 h"


@pytest.mark.django_db
def test_line_without_targets_promises_nothing(pages: Client, born: Born, say: Say) -> None:
    entry = say(born("Noah Smith"), "Where is it?", occurred_at=_minutes_ago(500))
    assert _due_at(pages, entry) == ""


def _tell(entry: Entry) -> None:
    publish([Happened(entry.channel_identity.profile_id, entry.pk, entry.kind)])


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, serialized_rollback=False)
def test_line_goes_with_the_answer_and_what_a_choice_leaves_out_is_told(
    open_page: Callable[..., Page], mira: ChannelIdentity, say: Say
) -> None:
    first = say(mira, "Where is it?", occurred_at=_minutes_ago(30.5))
    say(mira, "Only the team reads this", kind="note", direction="none", occurred_at=_minutes_ago(20))
    refold([mira.profile_id])
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".due")).to_have_text("First reply due in 29 min")
    expect(page.locator(".status-word")).to_have_text("Live")
    answer = say(mira, "On its way.", direction="out", occurred_at=_minutes_ago(0))
    ChannelIdentity.objects.update(last_outbound_at=answer.occurred_at, last_inbound_at=first.occurred_at)
    refold([mira.profile_id])
    _tell(answer)
    expect(page.locator(f"#e-{answer.pk}")).to_be_visible()
    expect(page.locator(".due")).to_have_count(0)

    page.locator("#only-notes").click()
    expect(page.locator(f"#e-{first.pk}")).to_have_count(0)
    line = page.locator("#outside")
    expect(line).to_be_hidden()
    news = [say(mira, text, occurred_at=timezone.now()) for text in ("Since when?", "Hello?")]
    ChannelIdentity.objects.update(last_outbound_at=answer.occurred_at, last_inbound_at=news[1].occurred_at)
    refold([mira.profile_id])
    for entry in news:
        _tell(entry)
    expect(line).to_contain_text("New messages that this choice leaves out: 2.")
    expect(page.locator(".entry.message")).to_have_count(0)
    line.get_by_role("link", name="Show everything").click()
    expect(page.locator(f"#e-{news[1].pk}")).to_be_visible()
    expect(page.locator(f"#e-{news[0].pk} .due")).to_have_text("Next reply due in 1 h")
