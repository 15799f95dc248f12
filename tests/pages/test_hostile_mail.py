"""Hostile mails in a real browser: nothing runs, nothing is asked of anybody, whatever a mail says."""

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from channels_ingest.media.files import keep
from channels_ingest.media.sanitising import sanitised_in_time
from profiles.models import Channel, ChannelAccount, StaffMember
from tests.channels_ingest.media.drawing import picture
from tests.pages.browsing import launched, session_of
from tests.pages.conftest import Born, Say
from tests.pages.hostile_html import CORPUS, item
from timeline.models import Entry

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Canary:
    """Counts every connection to its name, with TLS (which tells the name too) or without.

    The browser's own services ask their makers' names now and then; they are led here too, and not counted.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.settimeout(1)
                with suppress(OSError):
                    said = connection.recv(4_000)
                    if b"canary.example" in said:
                        self.heard.append("TLS" if said[:1] == b"\x16" else said.decode("latin-1").partition("\r")[0])
                connection.close()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    made.close()


@pytest.fixture
def watched(chromium: Browser, canary: Canary) -> Iterator[Browser]:
    """A browser for which every name but this machine's leads to the canary."""
    rules = f"MAP * 127.0.0.1:{canary.port}, EXCLUDE 127.0.0.1, EXCLUDE localhost"
    browser = launched(chromium.browser_type, f"--host-resolver-rules={rules}", "--disable-background-networking")
    yield browser
    browser.close()


@pytest.fixture
def mailbox(db: None) -> ChannelAccount:
    return ChannelAccount.objects.create(provider="email_mime", channel=Channel.EMAIL, name="Support")


@pytest.fixture
def mails(born: Born, say: Say, mailbox: ChannelAccount) -> Callable[..., list[Entry]]:
    """Stores mails of a new customer with the given HTML, each with an inline logo."""

    def store(*texts: str) -> list[Entry]:
        mira = born("Mira", account=mailbox)
        logo = {
            "type": "image", "state": "stored", "inline": True, "content_id": "logo", "name": "logo.png",
            "file": keep(io.BytesIO(picture("PNG"))).as_detail(),
        }  # fmt: skip
        entries = []
        for number, text in enumerate(texts):
            html = keep(io.BytesIO(text.encode("utf-8", "replace")), declared_type="text/html")
            told = {"part": 0, "state": "stored", "file": html.as_detail(), "has_remote_pictures": True}
            detail = {"type": "mail", "html": told, "attachments": [logo]}
            entries.append(say(mira, f"mail {number}", minute=number * 10, detail=detail))
        return entries

    return store


class Watch:
    """A page, and whatever it did that it should not."""

    def __init__(self, browser: Browser, url: str, member: StaffMember) -> None:
        self.odd: list[str] = []
        self.asked: list[tuple[str, str]] = []
        context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
        context.add_cookies([session_of(member, url)])
        self.page = context.new_page()
        self.page.set_default_timeout(120_000)  # bounds only a failure: the corpus is a hundred frames
        self.page.on("dialog", lambda dialog: (self.odd.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("console", lambda said: self.odd.append(said.text) if "PWNED" in said.text else None)
        self.page.on("popup", lambda popup: self.odd.append(f"popup {popup.url}"))
        self.page.on("download", lambda file: self.odd.append(f"download {file.url}"))
        self.page.on("request", lambda request: self.asked.append((request.resource_type, request.url)))

    def elsewhere(self) -> list[tuple[str, str]]:
        return [(kind, url) for kind, url in self.asked if "canary" in url]


def unfold(page: Page, entry: Entry) -> Any:
    """Opens the formatted text and returns its frame, which is loaded whole.

    A frame begins as an empty document with a body of its own: only the mail's names its colours.
    """
    fold = page.locator(f"#e-{entry.pk} .formatted")
    fold.locator("summary").click()
    frame = page.frame_locator(f"#e-{entry.pk} iframe")
    told = frame.locator("meta[name=color-scheme]")
    expect(told).to_have_js_property("ownerDocument.readyState", "complete", timeout=120_000)
    return frame


def until(page: Page, fact: Callable[[], bool]) -> None:
    """The fact has come true, within a minute."""
    patience = time.monotonic() + 60
    while not fact():
        assert time.monotonic() < patience
        page.wait_for_timeout(20)


def silence(watched: Browser, canary: Canary) -> None:
    """Nobody asked the canary before somebody does now, by the same browser: what was under way has come by then."""
    page = watched.new_page()
    with suppress(Error):  # the canary does not answer
        page.goto("http://canary.example/the-last-one")
    until(page, lambda: bool(canary.heard))
    assert set(canary.heard) == {"GET /the-last-one HTTP/1.1"}  # a browser may ask twice whom it gets no answer from


def test_corpus_is_as_large_as_promised_and_would_bite(watched: Browser, canary: Canary) -> None:
    """The control: shown raw, the same mails run scripts and ask the canary, so that it would be seen."""
    assert len(CORPUS) >= 100
    page = watched.new_page()
    said: list[str] = []
    page.on("console", lambda each: said.append(each.text) if "PWNED" in each.text else None)
    page.on("dialog", lambda dialog: dialog.dismiss())
    for number in range(len(CORPUS)):
        if "refresh" in CORPUS[number] or len(CORPUS[number]) > 10_000:
            continue
        with suppress(Exception):
            page.set_content(item(number), wait_until="domcontentloaded", timeout=3_000)
            page.wait_for_timeout(30)
    until(page, lambda: len(set(said)) >= 12 and len(canary.heard) >= 30)


def test_nothing_runs_and_nothing_is_asked(
    watched: Browser, canary: Canary, live_server: Any, settings: Any, agent: StaffMember,
    mails: Callable[..., list[Entry]],
) -> None:  # fmt: skip
    settings.PUBLIC_BASE_URL = settings.MEDIA_LINKS_URL = live_server.url
    watch = Watch(watched, live_server.url, agent)
    page = watch.page
    for first in range(0, len(CORPUS), 40):
        entries = mails(*[item(number) for number in range(first, min(first + 40, len(CORPUS)))])
        page.goto(f"/inbox/all/{entries[0].channel_identity.profile_id}/")
        for entry in entries:
            frame = unfold(page, entry)
            for address in frame.locator("a[href]").evaluate_all("links => links.map(link => link.protocol)"):
                assert address in ("http:", "https:", "mailto:", "tel:")
    silence(watched, canary)
    assert watch.odd == []
    assert watch.elsewhere() == []
    assert page.evaluate("window.pwned") is None


def test_pictures_come_when_they_are_asked_for_and_nothing_else_does(
    watched: Browser, canary: Canary, live_server: Any, settings: Any, agent: StaffMember,
    mails: Callable[..., list[Entry]],
) -> None:  # fmt: skip
    settings.PUBLIC_BASE_URL = settings.MEDIA_LINKS_URL = live_server.url
    # What swallows whatever follows it stands alone in the other test.
    short = [n for n in range(len(CORPUS)) if len(CORPUS[n]) < 5_000]
    numbers = [n for n in short if "<p>end" in (sanitised_in_time(item(n) + "<p>end", {}, has_pictures=True) or "")]
    assert len(numbers) >= 100
    whole = "<p>all of it</p>" + "\n".join(item(n).replace("<plaintext>", "") for n in numbers)
    remote, all_of_it = mails("<p>hello<img src=cid:logo><img src=https://canary.example/logo.png alt=logo>", whole)
    watch = Watch(watched, live_server.url, agent)
    page = watch.page
    page.goto(f"/inbox/all/{remote.channel_identity.profile_id}/")
    frame = unfold(page, remote)
    own, foreign = frame.locator("img").all()
    expect(own).to_have_js_property("naturalWidth", 60)  # the mail's own picture
    assert foreign.get_attribute("src") is None
    assert canary.heard == []
    for entry in (remote, all_of_it):
        if entry is all_of_it:
            unfold(page, entry)
        heard = len(canary.heard)
        page.locator(f"#e-{entry.pk}").get_by_role("link", name="Load pictures").click()
        expect(page.frame_locator(f"#e-{entry.pk} iframe").locator("img[src*=canary]").first).to_be_attached(
            timeout=60_000
        )
        until(page, lambda heard=heard: len(canary.heard) > heard)
    assert {kind for kind, _ in watch.elsewhere()} == {"image"}
    assert all(url.startswith("https://") for _, url in watch.elsewhere())
    assert set(canary.heard) == {"TLS"}
    assert watch.odd == []
    assert page.evaluate("window.pwned") is None


def test_frame_is_loaded_only_when_it_is_opened(
    watched: Browser, live_server: Any, settings: Any, agent: StaffMember, mails: Callable[..., list[Entry]]
) -> None:
    settings.PUBLIC_BASE_URL = settings.MEDIA_LINKS_URL = live_server.url
    (entry,) = mails("<p>hello <a href=https://example.com/x>a link</a></p>")
    watch = Watch(watched, live_server.url, agent)
    watch.page.goto(f"/inbox/all/{entry.channel_identity.profile_id}/")  # a frame that loads at once loads by then
    assert not any("/files/html/" in url for _, url in watch.asked)
    frame = unfold(watch.page, entry)
    expect(frame.get_by_text("hello")).to_be_visible()
    link = frame.get_by_role("link", name="a link")
    assert (link.get_attribute("target"), link.get_attribute("rel")) == ("_blank", "noopener noreferrer nofollow")
    shape = watch.page.locator(f"#e-{entry.pk} iframe")
    assert shape.get_attribute("sandbox") == "allow-popups allow-popups-to-escape-sandbox"


def test_odd_names_turn_nothing_on_the_page(
    watched: Browser, live_server: Any, agent: StaffMember, born: Born, say: Say, mailbox: ChannelAccount
) -> None:
    names = [
        "invoice\u202efdp.exe",
        "<img src=x onerror=console.log('PWNED')>.pdf",
        "a\u2066b\u2069.txt",
        '"><script>x',
        "../../x",
        "x" * 3_000 + ".pdf",
        "\u0007.png",
        "חשבונית.pdf",
        "CON",
        "{{ 7*7 }}",
        "%s%n",
    ]
    file = keep(io.BytesIO(b"x")).as_detail()
    parts = [{"type": "document", "state": "stored", "name": name, "file": file} for name in names]
    mira = born("Mira \u202eevil", account=mailbox, address="mira@example.com")
    entry = say(mira, "\u202etext", detail={"type": "mail", "subject": "\u202e<b>x", "attachments": parts})
    watch = Watch(watched, live_server.url, agent)
    watch.page.goto(f"/inbox/all/{mira.profile_id}/")
    shown = watch.page.locator(f"#e-{entry.pk} .file-name").all_inner_texts()
    assert len(shown) == len(names)
    assert not any(c in "".join(shown) for c in "\u202e\u202d\u2066\u2067\u2068\u2069")
    assert shown[0].startswith("invoicefdp.exe")
    assert watch.odd == []


@pytest.mark.parametrize("html", ["<div>" * 100_000, "<p " + " ".join(f"a{n}" for n in range(150_000)) + ">"])
def test_what_takes_for_ever_is_given_up(html: str) -> None:
    assert sanitised_in_time(html, {}, has_pictures=False) is None
