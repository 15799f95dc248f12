"""The chat widget in Chromium, on somebody else's strict page, against the hub's own web server."""

import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from channels_ingest import pipeline
from channels_ingest.accounts import connect
from channels_ingest.models import ChatUpload, ChatVisitor
from channels_ingest.webchat.serving import MOST_GZIPPED_BYTES, widget
from profiles.models import ChannelAccount, ChannelIdentity, StaffMember
from tests.channels_ingest.chatting import SECRET, identity
from tests.channels_ingest.test_webchat import PNG
from timeline.models import Entry

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Site:
    """A shop's own server. Its pages allow the hub's script and calls, and nothing else."""

    def __init__(self) -> None:
        self.hub = self.key = ""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = site.page(self.path).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", site.policy)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def policy(self) -> str:
        return (
            f"default-src 'none'; script-src {self.hub}; connect-src {self.hub}; img-src data:; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )

    def page(self, path: str) -> str:
        locale = re.search(r"locale=([\w-]+)", path)
        more = f' data-locale="{locale[1]}"' if locale else ""
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">'
            '<meta name="viewport" content="width=device-width"><title>Blue jacket</title>'
            f'<script async src="{self.hub}/chat/v1/w.js" data-key="{self.key}"{more}></script></head>'
            "<body><h1>Blue jacket</h1><button>Buy</button></body></html>"
        )


@pytest.fixture
def site(web_process: int) -> Iterator[Site]:
    made = Site()
    made.hub = f"http://127.0.0.1:{web_process}"
    values = {"allowed_origins": made.origin, "identity_secret": SECRET}
    made.key = connect("webchat", name="Shop chat", values=values).key
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def account(site: Site) -> ChannelAccount:
    return ChannelAccount.objects.get(key=site.key)


@pytest.fixture
def _worker(site: Site) -> Iterator[None]:
    """The hub's worker: it works what came."""
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(0.05):
            pipeline.drain()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    is_over.set()
    thread.join(10)


@pytest.fixture
def complaints() -> list[str]:
    """What pages said in their consoles."""
    return []


@pytest.fixture
def visit(chromium: Browser, site: Site, complaints: list[str], _worker: None) -> Iterator[Callable[..., Page]]:
    """Opens the shop's page in a new browser, or in that of a page; at the end no page has complained."""
    contexts = []

    def complain(said: Any) -> None:
        if "ERR_INTERNET_DISCONNECTED" not in said.text and "ERR_ABORTED" not in said.text:
            complaints.append(f"{said.type}: {said.text}")

    def opened(path: str = "/", *, beside: Page | None = None, width: int = 1280, **more: Any) -> Page:
        if beside is None:
            contexts.append(chromium.new_context(viewport={"width": width, "height": 844}, **more))
        page = (beside.context if beside else contexts[-1]).new_page()
        page.on("console", complain)
        page.on("response", lambda r: r.status > 399 and complaints.append(f"{r.status} {r.request.method} {r.url}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(site.origin + path)
        page.locator("hub-chat .go").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def write(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="Write a message")
    box.fill(text)
    box.press("Enter")


def open_chat(page: Page) -> None:
    page.locator("hub-chat .go").click()


def wait_for(is_so: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 15
    while not (found := is_so()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return found


def answers(agent: StaffMember, text: str, visitor: str = "") -> None:
    """An agent's answer, sent as the reply box sends it."""
    mine = ChannelIdentity.objects.latest("id") if not visitor else ChannelIdentity.objects.get(address=visitor)
    client = Client()
    client.force_login(agent)
    body = {"channel_identity": mine.pk, "text": text}
    answer = client.post(f"/api/v1/profiles/{mine.profile_id}/messages/", json.dumps(body), "application/json")
    assert answer.status_code == 201, answer.content


def log_of(page: Page) -> list[str]:
    return page.locator("hub-chat .log > div > p").all_text_contents()


def test_widget_weighs_at_most_six_kilobytes() -> None:
    print(f"hub-chat: {len(widget().gzipped):,} bytes gzipped, {len(widget().script):,} plain")
    assert len(widget().gzipped) <= MOST_GZIPPED_BYTES == 6_000


def test_visitor_and_agent_talk(visit: Callable[..., Page], agent: StaffMember) -> None:
    page = visit()
    open_chat(page)
    expect(page.get_by_role("dialog", name="Chat with us")).to_be_visible()
    expect(page.get_by_role("textbox", name="Write a message")).to_be_focused()
    write(page, "Where is my order? <img src=x onerror=alert(1)> 🧵")
    entry = wait_for(lambda: Entry.objects.filter(direction="in").first())
    assert entry.text == "Where is my order? <img src=x onerror=alert(1)> 🧵"
    assert entry.detail["page"]["title"] == "Blue jacket"
    answers(agent, "On its way: https://track.example/1.")
    log = page.get_by_role("log")
    expect(log).to_contain_text("On its way", timeout=3_000)
    expect(log).to_contain_text("Ana Duarte")
    expect(log.get_by_role("link")).to_have_attribute("href", "https://track.example/1")
    wait_for(lambda: Entry.objects.filter(direction="out", delivery="read").exists())


def test_visitor_sees_that_an_agent_writes(visit: Callable[..., Page], agent: StaffMember) -> None:
    page = visit()
    open_chat(page)
    write(page, "Does it come in green?")
    mine = wait_for(lambda: ChannelIdentity.objects.filter(entries__text="Does it come in green?").first())
    client = Client()
    client.force_login(agent)
    sentence = iter("Let me look into our warehouse, and I will tell you at once. " * 10)

    def writes_on() -> bool:
        fields = {"channel_identity": mine.pk, "text": "".join(itertools.islice(sentence, 3))}
        client.post(f"/customers/{mine.profile_id}/draft/", fields)
        return page.locator("hub-chat").get_by_text("Ana Duarte is writing…").is_visible()

    wait_for(writes_on)
    answers(agent, "It does.", visitor=mine.address)
    expect(page.locator("hub-chat .log")).to_contain_text("It does.")
    expect(page.locator("hub-chat")).not_to_contain_text("is writing…")


def test_visitor_attaches_a_picture(visit: Callable[..., Page]) -> None:
    page = visit()
    open_chat(page)
    page.get_by_role("dialog", name="Chat with us").wait_for()
    write(page, "Look:")
    attach = page.get_by_role("button", name="Attach a file")
    with page.expect_file_chooser() as chooser:
        attach.click()
    chooser.value.set_files({"name": "b\u00f6x 1.png", "mimeType": "image/png", "buffer": PNG})
    entry = wait_for(lambda: Entry.objects.filter(direction="in", detail__has_key="attachments").first())
    assert [part["name"] for part in entry.detail["attachments"]] == ["b\u00f6x 1.png"]
    assert entry.text == ""
    wait_for(lambda: log_of(page) == ["Look:", "📎 b\u00f6x 1.png"])
    with page.expect_file_chooser() as chooser:
        attach.click()
    chooser.value.set_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"})
    expect(page.get_by_role("alert")).to_have_text("Pictures and PDFs up to 10 MB, five at a time.")
    assert ChatUpload.objects.count() == 1


def test_visitor_says_who_they_are_or_skips_it(visit: Callable[..., Page], account: ChannelAccount) -> None:
    connect("webchat", name="Shop chat", values={"ask_who": "before"})
    page = visit()
    open_chat(page)
    expect(page.get_by_text("Who are we talking to?")).to_be_visible()
    page.get_by_role("textbox", name="Your name").fill("Mira Lind")
    page.get_by_role("textbox", name="Your e-mail").fill("mira@customer.example")
    page.locator("hub-chat .who .ok").click()
    expect(page.get_by_text("Who are we talking to?")).to_have_count(0)
    told = wait_for(lambda: Entry.objects.filter(kind="custom").first())
    assert told.detail["told"] == {"name": "Mira Lind", "email": "mira@customer.example"}
    other = visit(width=390)
    open_chat(other)
    other.get_by_role("button", name="Skip").click()
    write(other, "hello")
    wait_for(lambda: Entry.objects.filter(text="hello").first())


def test_agents_page_shows_it_live(
    visit: Callable[..., Page], open_page: Callable[..., Page], agent: StaffMember
) -> None:
    page = visit()
    open_chat(page)
    write(page, "first words")
    entry = wait_for(lambda: Entry.objects.select_related("channel_identity").filter(direction="in").first())
    inbox = open_page(f"/inbox/all/{entry.channel_identity.profile_id}/")
    expect(inbox.locator("#tl")).to_contain_text("first words")
    write(page, "and more of them")
    expect(inbox.locator("#tl")).to_contain_text("and more of them", timeout=5_000)


def test_what_is_written_offline_is_sent_in_order_once(visit: Callable[..., Page]) -> None:
    page = visit()
    open_chat(page)
    write(page, "one")
    wait_for(lambda: Entry.objects.count() == 1)
    page.context.set_offline(True)
    expect(page.get_by_role("dialog")).to_contain_text("You are offline")
    write(page, "two")
    write(page, "three")
    expect(page.get_by_role("log")).to_contain_text("Sending…")
    page.context.set_offline(False)
    wait_for(lambda: Entry.objects.count() == 3)
    assert list(Entry.objects.order_by("occurred_at", "id").values_list("text", flat=True)) == ["one", "two", "three"]
    expect(page.get_by_role("log")).not_to_contain_text("Sending…")
    assert log_of(page) == ["one", "two", "three"]


def test_reload_resumes_where_it_was(visit: Callable[..., Page], agent: StaffMember) -> None:
    page = visit()
    open_chat(page)
    write(page, "one")
    wait_for(lambda: Entry.objects.count() == 1)
    page.get_by_role("textbox").fill("half a sen")
    page.reload()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_value("half a sen")
    expect(page.get_by_role("log")).to_contain_text("one")
    page.get_by_role("button", name="Close").click()
    page.reload()
    answers(agent, "two")
    expect(page.locator("hub-chat .go b")).to_have_text("1", timeout=5_000)
    open_chat(page)
    expect(page.locator("hub-chat .go b")).to_be_empty()
    assert (log_of(page), ChatVisitor.objects.count()) == (["one", "two"], 1)


def test_two_tabs_are_one_visitor(visit: Callable[..., Page], agent: StaffMember) -> None:
    first = visit()
    open_chat(first)
    write(first, "from the first")
    wait_for(lambda: Entry.objects.count() == 1)
    second = visit(beside=first)
    expect(second.get_by_role("log")).to_contain_text("from the first")
    write(second, "from the second")
    first.bring_to_front()
    expect(first.get_by_role("log")).to_contain_text("from the second", timeout=5_000)
    answers(agent, "to both")
    for page in (first, second):
        page.bring_to_front()
        expect(page.get_by_role("log")).to_contain_text("to both", timeout=5_000)
    assert log_of(first) == log_of(second) == ["from the first", "from the second", "to both"]
    assert (ChatVisitor.objects.count(), Entry.objects.filter(kind="message").count()) == (1, 3)


def test_keyboard_alone(visit: Callable[..., Page]) -> None:
    page = visit()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("line one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("line two")
    page.keyboard.press("Enter")
    wait_for(lambda: Entry.objects.filter(text="line one\nline two").exists())
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Chat")).to_be_focused()


def test_focus_stays_in_the_chat_where_it_fills_the_screen(visit: Callable[..., Page]) -> None:
    page = visit(width=390, reduced_motion="reduce")
    open_chat(page)
    panel = page.get_by_role("dialog")
    assert panel.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    expect(panel).to_have_attribute("aria-modal", "true")
    for _ in range(9):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") == "HUB-CHAT"
    for _ in range(9):
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("document.activeElement.tagName") == "HUB-CHAT"


def test_words_and_direction_follow_the_language(visit: Callable[..., Page]) -> None:
    page = visit("/?locale=de-AT")
    open_chat(page)
    expect(page.get_by_role("dialog")).to_contain_text("Hallo! Wie können wir helfen?")
    arabic = visit("/?locale=ar")
    open_chat(arabic)
    expect(arabic.get_by_role("dialog")).to_contain_text("مرحبًا")
    box = arabic.locator("hub-chat .go").bounding_box()
    assert box is not None
    assert box["x"] == 20


def test_customer_logs_in_and_out(visit: Callable[..., Page], account: ChannelAccount, agent: StaffMember) -> None:
    page = visit()
    open_chat(page)
    write(page, "still a stranger")
    wait_for(lambda: Entry.objects.count() == 1)
    page.evaluate("token => hubChat.identify(token)", identity(account, name="Mira Lind"))
    wait_for(lambda: ChatVisitor.objects.filter(customer_id="42").exists())
    wait_for(lambda: ChannelIdentity.objects.get().profile.display_name == "Mira Lind")
    write(page, "now it is me")
    wait_for(lambda: Entry.objects.count() == 2)
    expect(page.get_by_role("log")).to_contain_text("now it is me")
    page.evaluate("hubChat.logout()")
    expect(page.get_by_role("dialog")).to_be_hidden()
    open_chat(page)
    expect(page.get_by_role("log")).to_contain_text("Hello! How can we help?")
    assert "Mira" not in page.evaluate("JSON.stringify(localStorage)")
    wait_for(lambda: ChatVisitor.objects.count() == 2)


def test_session_that_ended_is_begun_again(visit: Callable[..., Page], complaints: list[str]) -> None:
    page = visit()
    open_chat(page)
    write(page, "one")
    wait_for(lambda: Entry.objects.count() == 1)
    ChatVisitor.objects.update(generation=7)
    write(page, "two")
    wait_for(lambda: Entry.objects.count() == 2)
    expect(page.get_by_role("log")).not_to_contain_text("Sending…")
    assert (log_of(page), ChatVisitor.objects.count()) == (["one", "two"], 1)
    assert complaints
    assert all("401" in complaint for complaint in complaints)
    complaints.clear()


def test_pages_of_a_chatting_visitor_stand_on_the_timeline(visit: Callable[..., Page]) -> None:
    page = visit("/quiet?token=secret")
    assert not Entry.objects.exists()
    open_chat(page)
    write(page, "hello")
    wait_for(lambda: Entry.objects.count() == 1)
    page.goto(page.url.replace("quiet?token=secret", "lamps?utm_source=mail&token=secret"))
    seen = wait_for(lambda: Entry.objects.filter(kind="page_view").first())
    assert seen.detail["url"].endswith("/lamps?utm_source=mail")
