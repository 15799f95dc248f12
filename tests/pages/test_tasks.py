"""The nine tasks of an agent's day, by keyboard alone, in one run.

How many keys each took is printed beside the goal; typing is not counted, as in the comparison that the goals are from.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from channels_ingest import pipeline
from channels_ingest.accounts import connect
from channels_ingest.sending.courier import send_due
from channels_ingest.simulator import reporting
from profiles.models import Channel, ChannelAccount, ChannelIdentity, Role
from tests.pages.conftest import NOON, Born, Say
from tests.pages.identity_cast import Town, open_review, town
from timeline.models import Entry, QueueRow

__all__ = ["town"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Task -> the most keys it may take.
GOALS = {
    "read what was said on another channel last month": 0,
    "reply on another channel": 4,
    "take the conversation": 1,
    "resolve and open the next": 1,
    "see why a message failed and send it again": 4,
    "merge a duplicate": 5,
    "undo that merge": 1,
    "copy a webhook URL and see that it works": 10,
    "link a colleague to one message": 2,
}


class Keyboard:
    """Counts the keys of each task. It has no mouse: nothing here clicks."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.counts: dict[str, int] = {}

    def press(self, task: str, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.counts[task] = self.counts.get(task, 0) + len(keys)

    def tab_to(self, task: str, target: Any) -> None:
        """Tab until the target has the focus: one key in the count for each press."""
        for _ in range(12):
            if target.evaluate("one => one === document.activeElement"):
                return
            self.press(task, "Tab")
        raise AssertionError(f"{task}: not reached by Tab")


@pytest.fixture
def mira(born: Born, say: Say, settings: Any, live_server: Any) -> ChannelIdentity:
    """Wrote by mail last month and on WhatsApp ten minutes ago; two others wait behind her."""
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = live_server.url
    whatsapp = connect("whatsapp_cloud", name="Nordlicht Shop", values={"app_secret": "a", "verify_token": "b"})
    texts = connect(
        "sms_twilio", name="Nordlicht Texts", values={"account_sid": "AC1", "auth_token": "b" * 32, "from": "+15550199"}
    )
    mail = ChannelAccount.objects.create(provider="email_mime", channel=Channel.EMAIL, name="Nordlicht Mail")
    now = (timezone.now() - NOON).total_seconds() / 60
    mira = born("Mira Lind", account=whatsapp, address="15550100001")
    old = born("Mira Lind", account=mail, address="mira@example.com", profile=mira.profile)
    texting = born("Mira Lind", account=texts, address="15550100001", profile=mira.profile)
    say(old, "The blue kettle leaks, I sent pictures.", minute=now - 31 * 24 * 60)
    say(texting, "Please text me about the delivery.", minute=now - 60)
    say(mira, "Where is my parcel?", minute=now - 10)
    for number, name in enumerate(("Bo Ek", "Cleo Marsh")):
        say(born(name, account=whatsapp, address=f"1555010001{number}"), "Hello?", minute=now - 5 + number)
    return mira


def test_nine_tasks_by_keyboard(
    open_page: Callable[..., Page], mira: ChannelIdentity, town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    town.claim(name="Ida Berg", number="46701740633")
    town.lead.role = Role.ADMIN
    town.lead.save()
    page = open_page(f"/inbox/waiting/{mira.profile_id}/", member=town.lead)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    keyboard = Keyboard(page)
    read_the_story(page, keyboard)
    reply_elsewhere(page, keyboard)
    take_and_resolve(page, keyboard, mira)
    mend_a_failure(page, keyboard, mira)
    link_a_message(page, keyboard)
    merge_and_undo(page, keyboard)
    copy_a_webhook(page, keyboard)
    with capsys.disabled():
        print("\nkeys for each task (goal):")
        for task, goal in GOALS.items():
            print(f"  {task:<52}{keyboard.counts.get(task, 0):>3} ({goal})")
    assert {task: count for task, count in keyboard.counts.items() if count > GOALS[task]} == {}


def read_the_story(page: Page, keyboard: Keyboard) -> None:
    expect(page.get_by_text("The blue kettle leaks, I sent pictures.")).to_be_visible()
    keyboard.press("read what was said on another channel last month")


def reply_elsewhere(page: Page, keyboard: Keyboard) -> None:
    task = "reply on another channel"
    page.locator("#tl").focus()
    expect(page.locator("#reach input:checked")).to_have_attribute("data-channel", "whatsapp")
    keyboard.press(task, "c", "ArrowRight")
    expect(page.locator("#reach input:checked")).not_to_have_attribute("data-channel", "whatsapp")
    keyboard.press(task, "Enter")
    expect(page.locator("#answer")).to_be_focused()
    page.keyboard.type("It is in Hamburg, and comes tomorrow.")
    keyboard.press(task, "Control+Enter")
    expect(page.locator(".entry.out:not(.pending)")).to_contain_text("It is in Hamburg")
    page.keyboard.press("Escape")
    expect(page.locator("#tl")).to_be_focused()


def take_and_resolve(page: Page, keyboard: Keyboard, mira: ChannelIdentity) -> None:
    keyboard.press("take the conversation")  # the first letter of the answer did
    row = QueueRow.objects.get(pk=mira.profile_id)
    assert row.assignee is not None
    keyboard.press("resolve and open the next", "e")
    expect(page.locator("#who")).not_to_have_text("Mira Lind")
    assert QueueRow.objects.get(pk=mira.profile_id).resolved_at is not None


def mend_a_failure(page: Page, keyboard: Keyboard, mira: ChannelIdentity) -> None:
    task = "see why a message failed and send it again"
    for _ in range(6):
        if page.locator("#who").inner_text() == "Bo Ek":
            break
        name = page.locator("#who").inner_text()
        page.keyboard.press("Shift+J")
        expect(page.locator("#who")).not_to_have_text(name)
    page.keyboard.press("r")
    expect(page.locator("#answer")).to_be_focused()
    page.keyboard.type("#fail 131026")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".entry.out:not(.pending)")).to_have_count(1)
    send_due()
    while not reporting.is_idle():
        reporting.report_one()
        pipeline.drain()
    expect(page.locator(".entry.out")).to_contain_text("not on WhatsApp")
    page.locator("#tl").focus()
    keyboard.press(task, "k", "k")  # over the line that says who took the customer
    keyboard.tab_to(task, page.get_by_role("button", name="Send again"))
    keyboard.press(task, "Enter")
    expect(page.locator(".entry.out:not(.pending)")).to_have_count(2)


def link_a_message(page: Page, keyboard: Keyboard) -> None:
    task = "link a colleague to one message"
    page.locator("#tl").focus()
    keyboard.press(task, "k", "y")
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.includes('entry='))")
    link = page.evaluate("navigator.clipboard.readText()")
    assert Entry.objects.filter(pk=int(re.findall(r"entry=(\d+)", link)[0])).exists()


def merge_and_undo(page: Page, keyboard: Keyboard) -> None:
    task = "merge a duplicate"
    keyboard.press(task, "g", "m")
    page.wait_for_url("**/merges/")
    keyboard.press(task, "j", "Enter")
    page.wait_for_url(f"**/merges/{open_review().pk}/")
    keyboard.press(task, "m")
    expect(page.locator(".toast")).to_contain_text("Merged")
    keyboard.press("undo that merge", "z")
    expect(page.locator(".toast")).to_contain_text("Undone")


def copy_a_webhook(page: Page, keyboard: Keyboard) -> None:
    task = "copy a webhook URL and see that it works"
    keyboard.press(task, "g", "s")
    page.wait_for_url("**/settings/**")
    expect(page.get_by_text("Receiving").or_(page.get_by_text("Waiting for first event")).first).to_be_visible()
    keyboard.press(task, "Tab")
    keyboard.press(task, "Enter")  # skip to the page
    keyboard.tab_to(task, page.locator("main [data-copy]").first)
    keyboard.press(task, "Enter")
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.includes('/webhooks/'))")
