"""Answering in Chromium: without waiting, by keyboard, beside a colleague, on a phone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from channels_ingest import pipeline
from channels_ingest.accounts import connect
from channels_ingest.sending.courier import send_due
from channels_ingest.simulator import reporting
from profiles.models import ChannelIdentity, Role, StaffMember
from tests.pages.browsing import PASSWORD
from tests.pages.conftest import NOON, Born, Say
from timeline.models import Entry

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Page]


@pytest.fixture
def mira(born: Born, say: Say, settings: Any, live_server: Any) -> ChannelIdentity:
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = live_server.url
    account = connect("whatsapp_cloud", name="Nordlicht Shop", values={"app_secret": "a", "verify_token": "b"})
    row = born("Mira Lind", account=account, address="15550100001")
    say(row, "Where is my parcel?", minute=(timezone.now() - NOON).total_seconds() / 60 - 10)
    return row


def type_answer(page: Page, text: str) -> None:
    page.locator("#answer").fill(text)
    page.keyboard.press("Control+Enter")


def test_answer_is_written_sent_and_read_by_keyboard(open_page: Open, mira: ChannelIdentity) -> None:
    page = open_page(f"/inbox/all/{mira.profile_id}/")
    expect(page.locator("#send")).to_be_disabled()
    page.locator("#tl").focus()
    page.keyboard.press("r")
    expect(page.locator("#answer")).to_be_focused()
    page.keyboard.type("On its way")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#answer")).to_have_value("")
    sent = page.locator(".entry.out:not(.pending)")
    expect(sent).to_contain_text("Queued")
    expect(page.locator(".entry.pending")).to_have_count(0)
    send_due()
    expect(sent).to_contain_text("simulated")
    while not reporting.is_idle():
        reporting.report_one()
        pipeline.drain()
    expect(sent).to_contain_text("Read")
    expect(sent).to_have_count(1)
    page.locator("#answer").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#tl")).to_be_focused()


def test_sending_on_a_closed_window_leads_to_its_templates(open_page: Open, mira: ChannelIdentity) -> None:
    mira.last_inbound_at = timezone.now() - timedelta(days=2)
    mira.save()
    page = open_page(f"/inbox/all/{mira.profile_id}/")
    expect(page.locator("#reach .about:not([hidden])")).to_contain_text("More than 24 hours")
    type_answer(page, "On its way")
    expect(page.get_by_role("link", name="Choose a template …")).to_be_focused()
    expect(page.locator("#answer")).to_have_value("On its way")


def test_second_agent_is_warned_and_may_insist(open_page: Open, mira: ChannelIdentity) -> None:
    nora = StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT, password=PASSWORD, name="Nora Holm")
    path = f"/inbox/all/{mira.profile_id}/"
    anas, noras = open_page(path), open_page(path, member=nora)
    anas.locator("#answer").fill("I shall look.")
    type_answer(noras, "It is in Hamburg.")
    expect(anas.locator(".entry.out")).to_contain_text("It is in Hamburg.")
    anas.locator("#answer").focus()
    anas.keyboard.press("Control+Enter")
    expect(anas.locator("#said")).to_contain_text("Nora Holm answered")
    expect(anas.locator("#answer")).to_have_value("I shall look.")
    assert Entry.objects.filter(direction="out").count() == 1
    anas.get_by_role("button", name="Send anyway").click()
    expect(anas.locator(".entry.out:not(.pending)")).to_have_count(2)
    expect(anas.locator("#said")).to_be_empty()


def test_text_comes_back_when_it_cannot_be_sent(open_page: Open, mira: ChannelIdentity) -> None:
    page = open_page(f"/inbox/all/{mira.profile_id}/")
    page.locator("#answer").fill("Too late")
    page.route("**/answer/", lambda route: route.abort())
    page.keyboard.press("Control+Enter")
    expect(page.locator("#said")).to_contain_text("No connection")
    expect(page.locator("#answer")).to_have_value("Too late")
    expect(page.locator(".entry.pending")).to_have_count(0)


def test_what_is_sent_without_a_connection_is_sent_once_when_it_is_back(open_page: Open, mira: ChannelIdentity) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    page.locator("#answer").fill("On its way")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".entry.pending .meta")).to_have_text("Waits for the connection")
    page.context.set_offline(False)
    expect(page.locator(".entry.out", has_text="On its way")).to_have_count(1)
    expect(page.locator(".entry.pending")).to_have_count(0)
    assert Entry.objects.filter(direction="out", text="On its way").count() == 1


def test_failed_message_is_sent_again(open_page: Open, mira: ChannelIdentity) -> None:
    page = open_page(f"/inbox/all/{mira.profile_id}/")
    type_answer(page, "#fail 131026")
    expect(page.locator(".entry.out:not(.pending)")).to_have_count(1)
    send_due()
    failed = page.locator(".entry.out").first
    expect(failed).to_contain_text("the customer's phone cannot receive it")
    failed.get_by_role("button", name="Send again").click()
    expect(page.locator(".entry.out")).to_have_count(2)
    expect(failed.get_by_role("link", name="Sent again")).to_be_visible()


def test_drafts_wait_with_their_customer_and_the_phone_has_room(open_page: Open, mira: ChannelIdentity) -> None:
    page = open_page(f"/inbox/all/{mira.profile_id}/", width=390, height=844)
    page.locator("#answer").fill("A long answer. " * 30)
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0
    assert page.locator(".tl").bounding_box()["height"] > 200
    expect(page.locator("#send")).to_be_in_viewport()
