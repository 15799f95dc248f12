"""Writing in Chromium: drafts, notes, undo, files, snippets and the addresses, by keyboard."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from channels_ingest.accounts import connect
from channels_ingest.models import SavedDraft, Snippet
from channels_ingest.sending.courier import send_due
from channels_ingest.writing import drafts
from channels_ingest.writing.drafts import Words
from channels_ingest.writing.listing_templates import refresh
from profiles.merging import merge
from profiles.models import ChannelIdentity, Role, StaffMember
from tests.channels_ingest.media.drawing import picture
from tests.pages.browsing import PASSWORD, wait_until
from tests.pages.conftest import NOON, Born, Say
from timeline.models import Entry, QueueRow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Page]


@pytest.fixture
def mira(born: Born, say: Say, settings: Any, live_server: Any) -> ChannelIdentity:
    """Mira wrote a mail, then on WhatsApp ten minutes ago."""
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = settings.MEDIA_LINKS_URL = live_server.url
    phone = connect("whatsapp_cloud", name="Nordlicht Shop", values={"app_secret": "a", "verify_token": "b"})
    values = {"token": "a1b2c3d4e5f6a7b8c9d0", "from": "support@hub.example"}
    mailbox = connect("email_mime", name="Support", values=values)
    row = born("Mira Lind", account=phone, address="15550100001")
    mail = born("Mira Lind", account=mailbox, profile=row.profile, address="mira@customer.example", standing="proved")
    minute = (timezone.now() - NOON).total_seconds() / 60
    told = {"type": "mail", "subject": "My parcel", "to": ["support@hub.example"], "cc": ["boss@customer.example"]}
    say(mail, "Where is my parcel?", minute=minute - 60, detail=told)
    say(row, "Hello?", minute=minute - 10)
    return row


@pytest.fixture
def open_box(open_page: Open, mira: ChannelIdentity) -> Open:
    """Opens Mira's page and waits until her reply box is there."""

    def opened(**more: Any) -> Page:
        page = open_page(path_of(mira), **more)
        expect(page.locator("#answer")).to_be_visible()
        page.locator("#tl").focus()
        return page

    return opened


def path_of(row: ChannelIdentity) -> str:
    return f"/inbox/all/{row.profile_id}/"


def test_draft_is_saved_while_typing_and_there_after_a_reload(open_box: Open, mira: ChannelIdentity) -> None:
    page = open_box()
    page.keyboard.press("r")
    page.keyboard.type("Half an answer")
    expect(page.locator("#saved")).to_have_text("Draft saved")
    assert SavedDraft.objects.get().text == "Half an answer"
    assert QueueRow.objects.get(profile_id=mira.profile_id).assignee is not None
    page.reload()
    expect(page.locator("#answer")).to_have_value("Half an answer")
    page.keyboard.press("Escape")
    page.locator("#answer").focus()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".entry.out:not(.pending)")).to_have_count(1)
    assert not SavedDraft.objects.exists()


def test_keys_after_r_wait_for_the_box_and_go_behind_what_is_written(
    open_page: Open, mira: ChannelIdentity, agent: StaffMember
) -> None:
    drafts.save(agent, mira.pk, Words(text="Hello Mira, "), is_note=False)
    page = open_page("/me/")
    boxes: list[Route] = []
    page.route("**/composer/", lambda route: boxes.append(route))
    page.goto(path_of(mira))
    expect(page.locator(".status-word")).to_have_text("Live")
    page.keyboard.type("reap")  # e resolves, a takes, p asks for the priority
    boxes.pop().continue_()
    expect(page.locator("#answer")).to_have_value("Hello Mira, eap")
    expect(page.locator("#answer")).to_be_focused()
    page.keyboard.type(" year")
    expect(page.locator("#answer")).to_have_value("Hello Mira, eap year")
    expect(page.locator("#saved")).to_have_text("Draft saved")
    expect(page.locator("#sheet[open]")).to_have_count(0)
    assert not Entry.objects.filter(kind="work", detail__type="resolved").exists()


def test_who_writes_while_a_colleague_merges_writes_on(
    open_page: Open, mira: ChannelIdentity, born: Born, say: Say
) -> None:
    lead = StaffMember.objects.create_staff("lead@example.com", role=Role.LEAD)
    ines = born("Ines Roth", account=mira.account, address="15550100008")
    twin = born("I. Roth", account=mira.account, address="15550100009")
    for row in (ines, twin):
        say(row, "Hello?", minute=(timezone.now() - NOON).total_seconds() / 60 - 5)
    page = open_page(path_of(twin))
    expect(page.locator(".status-word")).to_have_text("Live")
    page.locator("#answer").press_sequentially("Let me ")
    merge(ines.profile_id, twin.profile_id, actor=lead)
    page.wait_for_url(f"**{path_of(ines)}*")
    page.keyboard.type("see")  # s puts off, e resolves
    expect(page.locator("#answer")).to_have_value("Let me see")
    expect(page.locator("#reach input:checked")).to_have_value(str(twin.pk))
    expect(page.locator("#saved")).to_have_text("Draft saved")
    assert not Entry.objects.filter(kind="work", detail__type__in=["resolved", "snoozed"]).exists()


def test_box_that_comes_late_takes_no_focus_from_where_the_agent_went(open_box: Open, mira: ChannelIdentity) -> None:
    page = open_box()
    page.keyboard.press("c")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[name=subject]")).to_be_visible()
    page.locator("#answer").fill("It is on its way")
    boxes: list[Route] = []
    page.route("**/composer/*", lambda route: boxes.append(route))
    page.locator("#answer").press("Control+Enter")
    expect(page.locator(".entry.out:not(.pending)")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#tl")).to_be_focused()
    wait_until(lambda: page.evaluate("1") and len(boxes) > 0)
    page.evaluate("document.querySelector('#box').dataset.old = '1'")
    boxes.pop().continue_()
    expect(page.locator("#box:not([data-old])")).to_have_attribute("data-started", "1")
    expect(page.locator("#tl")).to_be_focused()


def test_note_is_written_by_keyboard_with_a_colleague_named_and_taken_back(
    open_box: Open, mira: ChannelIdentity
) -> None:
    nora = StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT, password=PASSWORD, name="Nora Holm")
    page = open_box()
    page.keyboard.press("n")
    expect(page.get_by_role("button", name="Add note")).to_be_visible()
    expect(page.locator("#answer")).to_be_focused()
    page.keyboard.type("She called, @nor")
    expect(page.get_by_role("option", name="Nora Holm")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_have_value("She called, @Nora Holm ")
    page.keyboard.type("can you look?")
    page.keyboard.press("Control+Enter")
    note = page.locator(".entry", has_text="can you look?")
    expect(note).to_have_count(1)
    expect(page.locator(".entry.pending")).to_have_count(0)
    assert Entry.objects.get(kind="note").detail["mentions"] == [nora.pk]
    assert not Entry.objects.filter(direction="out").exists()
    page.locator("#tl").focus()
    page.keyboard.press("z")
    expect(note).to_have_count(0)
    expect(page.locator("#answer")).to_have_value("She called, @Nora Holm can you look?")
    assert not Entry.objects.filter(kind="note").exists()


def test_mail_is_held_and_taken_back_here_and_on_a_colleagues_page(open_box: Open, mira: ChannelIdentity) -> None:
    nora = StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT, password=PASSWORD, name="Nora Holm")
    noras = open_box(member=nora)
    page = open_box()
    page.keyboard.press("2")
    expect(page.locator("#subject")).to_have_value("Re: My parcel")
    expect(page.locator("#cc")).to_have_value("boss@customer.example")
    page.locator("#answer").fill("It is in Hamburg.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(re.compile("Sent in [1-5] s"))).to_be_visible()
    expect(noras.locator(".entry.out")).to_contain_text("It is in Hamburg.")
    page.locator("#tl").focus()
    page.keyboard.press("z")
    expect(page.locator("#answer")).to_have_value("It is in Hamburg.")
    expect(page.locator("#subject")).to_have_value("Re: My parcel")
    expect(page.locator(".entry.out")).to_have_count(0)
    expect(noras.locator(".entry.out")).to_have_count(0)
    assert send_due() == 0


def test_text_goes_along_to_another_address_by_keyboard(open_box: Open, mira: ChannelIdentity) -> None:
    page = open_box()
    expect(page.locator("#send-word")).to_have_text("Send on WhatsApp")
    page.locator("#answer").fill("A long story")
    page.locator("#tl").focus()
    page.keyboard.press("c")
    expect(page.locator("#reach input:checked")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#subject")).to_be_visible()
    expect(page.locator("#answer")).to_have_value("A long story")
    expect(page.locator("#send-word")).to_have_text("Send on E-mail")
    expect(page.locator("#reach input:checked")).to_be_focused()
    assert [draft.channel_identity.account.channel for draft in SavedDraft.objects.all()] == ["email"]


def test_snippet_is_chosen_with_arrows_and_a_gap_stops_sending(open_box: Open, mira: ChannelIdentity) -> None:
    Snippet.objects.create(name="hello", text="Hello {customer.first_name}, this is {agent.name}.")
    Snippet.objects.create(name="help with an order", text="About {order.number}:")
    page = open_box()
    page.locator("#answer").focus()
    page.keyboard.type("/hel")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_have_value("Hello Mira, this is Ana Duarte.")
    page.keyboard.type(" /hel")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_have_value("Hello Mira, this is Ana Duarte. About ⟦the order's number⟧:")
    expect(page.locator("#send")).to_be_disabled()
    page.keyboard.type("4711")
    expect(page.locator("#answer")).to_have_value("Hello Mira, this is Ana Duarte. About 4711:")
    expect(page.locator("#send")).to_be_enabled()
    page.keyboard.type(" either/or")
    expect(page.locator("#picker")).to_have_count(0)


def test_file_is_picked_and_pasted_shown_and_removed(open_box: Open, mira: ChannelIdentity) -> None:
    page = open_box()
    paper: Any = {"name": "bill.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 bill"}
    page.locator("#pick").set_input_files([paper, {**paper, "name": "cat.gif", "buffer": picture("GIF")}])
    expect(page.locator("#files")).to_contain_text("GIF files are not taken here")
    expect(page.locator("#send")).to_be_disabled()
    page.get_by_role("button", name="Remove cat.gif").click()
    expect(page.locator("#send")).to_be_enabled()
    paste = """() => {
      const files = new DataTransfer();
      files.items.add(new File(["a,b"], "list.txt", { type: "text/plain" }));
      const event = new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true });
      document.querySelector("#answer").dispatchEvent(event);
    }"""
    page.evaluate(paste)
    expect(page.locator("#files li:not(.busy)")).to_have_count(2)
    expect(page.locator("#saved")).to_have_text("Draft saved")
    page.reload()
    expect(page.locator("#files li")).to_have_count(2)
    page.locator("#answer").fill("Both")
    page.keyboard.press("Control+Enter")
    sent = page.locator(".entry.out:not(.pending)")
    expect(sent).to_have_count(2)
    expect(sent.first).to_contain_text("bill.pdf")
    expect(page.locator("#files li")).to_have_count(0)
    assert send_due() == 2


def test_closed_window_is_answered_by_a_template_found_and_filled_by_keyboard(
    open_box: Open, mira: ChannelIdentity
) -> None:
    refresh(mira.account)
    ChannelIdentity.objects.filter(pk=mira.pk).update(last_inbound_at=timezone.now() - timedelta(hours=30))
    page = open_box()
    page.locator("#tl").focus()
    page.keyboard.press("1")
    page.get_by_role("link", name="Choose a template").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Templates of Nordlicht Shop")).to_be_visible()
    expect(page.locator("#sheet #q")).to_be_focused()
    page.keyboard.type("way and arrives")
    expect(page.locator("#sheet .template-row")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Text 1")).to_have_value("Mira")
    page.get_by_label("Text 2").fill("4711")
    page.get_by_label("Text 3").fill("Friday")
    expect(page.locator("#reading")).to_contain_text("your order 4711 is on its way and arrives on Friday")
    page.get_by_label("Button Follow it").fill("4711")
    page.screenshot(path="/tmp/composer_template.png")
    page.keyboard.press("Enter")
    expect(page.locator(".entry.out:not(.pending)")).to_contain_text("arrives on Friday")
    expect(page.locator("#sheet")).not_to_be_visible()
    expect(page.get_by_text(re.compile("Sent in [1-5] s"))).to_be_visible()


def test_double_send_is_one_message(open_box: Open, mira: ChannelIdentity) -> None:
    page = open_box()
    page.locator("#answer").fill("Once")
    page.evaluate("document.querySelector('#send').click(), document.querySelector('#send').click()")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".entry.out:not(.pending)")).to_have_count(1)
    assert Entry.objects.filter(direction="out").count() == 1


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_box_fits(open_box: Open, mira: ChannelIdentity, width: int, scheme: str, tmp_path: Any) -> None:
    page = open_box(width=width, height=844, scheme=scheme)
    page.keyboard.press("2")
    expect(page.locator("#subject")).to_be_visible()
    page.locator("#answer").fill("It is in Hamburg. " * 5)
    page.screenshot(path=f"/tmp/composer_mail_{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    expect(page.locator("#send")).to_be_in_viewport()
    page.locator("#tl").focus()
    page.keyboard.press("n")
    expect(page.get_by_role("button", name="Add note")).to_be_visible()
    page.locator("#answer").fill("A note")
    page.screenshot(path=f"/tmp/composer_note_{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe-4.14.1.min.js"


def faults(page: Page, within: str = "#compose") -> list[Any]:
    """What axe finds wrong with a part of the page as it is now."""
    page.evaluate(AXE.read_text())
    rules = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']}"
    found = page.evaluate(f"axe.run(document.querySelector({within!r}), {rules})")
    return [(each["id"], [node["html"][:200] for node in each["nodes"][:2]]) for each in found["violations"]]


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_axe_finds_nothing_wrong_with_the_box_in_any_state(
    open_box: Open, mira: ChannelIdentity, width: int, scheme: str
) -> None:
    refresh(mira.account)
    Snippet.objects.create(name="hello", text="Hello {order.number}")
    page = open_box(width=width, height=844, scheme=scheme)
    assert faults(page) == []
    page.locator("#answer").focus()
    page.keyboard.type("/hel")
    expect(page.get_by_role("option")).to_have_count(1)
    assert faults(page) == []
    page.keyboard.press("Enter")
    page.locator("#pick").set_input_files([{"name": "cat.gif", "mimeType": "image/gif", "buffer": picture("GIF")}])
    expect(page.locator("#files li:not(.busy)")).to_have_count(1)
    assert faults(page) == []
    page.screenshot(path=f"/tmp/composer_files_{width}.png")
    page.locator("#tl").focus()
    page.keyboard.press("2")
    expect(page.locator("#subject")).to_be_visible()
    assert faults(page) == []
    page.locator("#tl").focus()
    page.keyboard.press("n")
    expect(page.get_by_role("button", name="Add note")).to_be_visible()
    page.locator("#answer").fill("A note")
    assert faults(page) == []
    page.goto(f"/addresses/{mira.pk}/templates/")
    expect(page.locator(".template-row").first).to_be_visible()
    assert faults(page, "main") == []
    page.screenshot(path=f"/tmp/composer_templates_{width}.png")
    page.goto("/snippets/")
    expect(page.get_by_role("heading", name="Snippets")).to_be_visible()
    assert faults(page, "main") == []
    page.screenshot(path=f"/tmp/composer_snippets_{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_message_is_taken_back_from_the_next_customers_page(
    open_box: Open, mira: ChannelIdentity, born: Born, say: Say
) -> None:
    other = born("Jonas Weber", account=mira.account, address="15550100009")
    say(other, "Hello", minute=(timezone.now() - NOON).total_seconds() / 60 - 5)
    page = open_box()
    page.keyboard.press("2")
    expect(page.locator("#subject")).to_be_visible()
    page.locator("#answer").fill("Wrong answer")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(re.compile("Sent in [1-5] s"))).to_be_visible()
    page.locator(".row a", has_text="Jonas Weber").click()
    expect(page.locator("#who")).to_have_text("Jonas Weber")
    page.get_by_role("button", name="Undo z").click()
    expect(page.locator("#who")).to_have_text("Mira Lind")
    expect(page.locator("#answer")).to_have_value("Wrong answer")
    assert not Entry.objects.filter(direction="out").exists()
