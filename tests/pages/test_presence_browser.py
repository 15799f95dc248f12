"""Two agents on one customer see each other, in Chromium."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from channels_ingest.webchat.typing import _bus as chat_bus
from profiles.models import ChannelIdentity, Role, StaffMember
from tests.pages.conftest import PASSWORD, Born, Say
from timeline.nudges import CHANNEL
from timeline.presence import note

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=False)]


@pytest.fixture
def mira(born: Born, say: Say) -> ChannelIdentity:
    say(born("Noah Smith"), "Hello", minute=1)
    mira = born("Mira Lind")
    say(mira, "Where is my parcel?")
    return mira


def test_colleague_who_looks_writes_and_leaves_is_seen(
    open_page: Callable[..., Page], mira: ChannelIdentity, agent: StaffMember
) -> None:
    ben = StaffMember.objects.create_staff("ben@example.com", role=Role.AGENT, password=PASSWORD, name="Ben Okafor")
    page = open_page(f"/inbox/all/{mira.pk}/")
    here = page.locator(".talk-head .here")
    expect(page.locator(".status-word")).to_have_text("Live")
    other = open_page(f"/inbox/all/{mira.pk}/", member=ben)
    expect(here).to_have_text(re.compile("Ben Okafor looks at this"))
    expect(other.locator(".talk-head .here")).to_have_text(re.compile("Ana Duarte looks at this"))
    other.locator("#answer").press_sequentially("On its")
    expect(here).to_have_text(re.compile("Ben Okafor is writing on WhatsApp"))
    expect(here).to_have_text(re.compile("Ben Okafor looks at this"), timeout=12_000)
    expect(page.locator(f"#row-{mira.pk} .here")).to_have_text(re.compile("Ben Okafor looks at this"))
    other.close()
    expect(here).to_be_empty()


def test_of_sixty_colleagues_four_are_named_and_the_others_counted(
    open_page: Callable[..., Page], mira: ChannelIdentity
) -> None:
    for number in range(60):
        member = StaffMember.objects.create_staff(f"m{number}@example.com", role=Role.AGENT, name=f"Member {number}")
        note(member.pk, "tab", mira.pk, is_writing=number == 59, channel="whatsapp")
    page = open_page(f"/inbox/all/{mira.pk}/")
    for place in (".talk-head .here", f"#row-{mira.pk} .here"):
        present = page.locator(f"{place} .present")
        expect(present).to_have_count(5)
        expect(present.first).to_contain_text("Member 59 is writing on WhatsApp")
        expect(present.last).to_have_text("+56")


def test_customer_typing_in_the_chat_is_seen(open_page: Callable[..., Page], mira: ChannelIdentity) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.evaluate("hub.load('presence')")
    page.wait_for_load_state("networkidle")
    chat_bus.publish(CHANNEL, [f'{{"t": {mira.pk}}}'])
    expect(page.locator("#typing")).to_have_text("Mira Lind is typing")
