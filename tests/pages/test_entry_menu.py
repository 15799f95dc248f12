"""What can be done with one entry."""

from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from channels_ingest.models import Envelope
from channels_ingest.raw_page import readable
from profiles.models import ChannelIdentity, Role, StaffMember
from tests.pages.conftest import Born, Say
from tests.pages.reading_html import words
from timeline.models import Entry


@pytest.fixture
def mira(born: Born) -> ChannelIdentity:
    return born("Mira Lind", address="4915112345678")


@pytest.fixture
def lead(client: Client, db: None) -> StaffMember:
    return StaffMember.objects.create_staff("lea@example.com", role=Role.LEAD, password="x" * 20, name="Lea")


def test_menu_tells_how_the_entry_came_and_what_can_be_done(pages: Client, mira: ChannelIdentity, say: Say) -> None:
    asked = say(mira, "Where is it?", provider_message_id="wamid.1", envelope_id=5)
    told = words(pages.get(f"/entries/{asked.pk}/menu/", headers={"HX-Request": "true"}))
    assert "WhatsApp +49 1511 2345678 , Nordlicht Shop" in told
    assert "Happened Friday 20 November 2026, 12:00:00 UTC" in told
    assert "Provider's id wamid.1" in told
    assert "Copy link y Reply to this Pin to the top p Somebody else's message … Spam …" in told
    assert "As it was received" not in told
    assert f'hx-get="/entries/{asked.pk}/spam/"' in pages.get(f"/entries/{asked.pk}/menu/").content.decode()
    judged = say(mira, "Win a prize", set_aside="spam")
    assert "Spam" not in words(pages.get(f"/entries/{judged.pk}/menu/"))
    answered = say(mira, "On its way", minute=1, direction="out")
    assert "Reply to this" not in words(pages.get(f"/entries/{answered.pk}/menu/"))
    assert pages.get("/entries/99999/menu/").status_code == 404


def test_pinned_entry_stands_at_the_top_until_it_is_unpinned(pages: Client, mira: ChannelIdentity, say: Say) -> None:
    asked = say(mira, "My shoe size is 42")
    assert pages.post(f"/entries/{asked.pk}/pin/")["Location"] == f"/customers/{mira.pk}/"
    strip = f'href="/customers/{mira.pk}/?entry={asked.pk}#e-{asked.pk}" data-entry="{asked.pk}"'
    page = pages.get(f"/inbox/all/{mira.pk}/")
    assert strip in page.content.decode()
    assert "Pinned: My shoe size is 42" in words(page)
    again = pages.post(f"/entries/{asked.pk}/pin/", headers={"HX-Request": "true"})
    assert strip in again.content.decode()
    assert Entry.objects.filter(kind="work").count() == 1
    gone = pages.post(f"/entries/{asked.pk}/unpin/", headers={"HX-Request": "true"})
    assert words(gone) == ""
    assert strip not in pages.get(f"/inbox/all/{mira.pk}/").content.decode()
    assert pages.get(f"/entries/{asked.pk}/pin/").status_code == 405


def test_delivery_is_shown_to_leads_without_its_secrets(
    client: Client, pages: Client, lead: StaffMember, mira: ChannelIdentity, say: Say, caplog: pytest.LogCaptureFixture
) -> None:
    envelope = Envelope.objects.create(
        account=mira.account,
        delivery_key="1",
        body=b'{"text": "<b>Hi</b>", "auth": {"access_token": "EAAB-secret"}}',
        headers={"x-hub-signature-256": "sha256=abc", "content-type": "application/json"},
    )
    asked = say(mira, "Hi", envelope_id=envelope.pk)
    assert pages.get(f"/messages/{asked.pk}/raw/").status_code == 403
    client.force_login(lead)
    with caplog.at_level("INFO", logger="cxhub.raw"):
        page = client.get(f"/messages/{asked.pk}/raw/")
    html = page.content.decode()
    assert "&lt;b&gt;Hi&lt;/b&gt;" in html
    assert "EAAB" not in html
    assert "sha256=abc" not in html
    assert "application/json" in html
    [record] = [one for one in caplog.records if one.name == "cxhub.raw"]
    assert (record.entry, record.member) == (asked.pk, lead.pk)  # type: ignore[attr-defined]
    assert "As it was received" in words(client.get(f"/entries/{asked.pk}/menu/"))
    Envelope.objects.update(body=None)
    assert "deleted after the time it is kept" in words(client.get(f"/messages/{asked.pk}/raw/"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"From=%2B1555&Body=Hi+you&AuthToken=x1", "From = +1555\nBody = Hi you\nAuthToken = •••"),
        (b"Subject: Hi\nDKIM-Signature: v=1; b=abc\n\nHello", "Subject: Hi\nDKIM-Signature: •••\n\nHello"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[" * 5000, "[" * 5000),
        (b'{"a": [{"password": "x"}]}', '{\n  "a": [\n    {\n      "password": "•••"\n    }\n  ]\n}'),
    ],
)
def test_body_is_laid_out_without_secrets(body: bytes, expected: str) -> None:
    assert readable(body) == expected


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, serialized_rollback=False)
def test_entry_is_pinned_and_linked_by_keys(open_page: Callable[..., Page], mira: ChannelIdentity, say: Say) -> None:
    asked = say(mira, "My shoe size is 42")
    for minute in range(1, 30):
        say(mira, f"message {minute}", minute=minute)
    page = open_page(f"/inbox/all/{mira.pk}/?entry={asked.pk}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(page.locator(f"#e-{asked.pk} article")).to_be_focused()
    page.locator("#tl").focus()
    page.locator(f"#e-{asked.pk} article").focus()
    page.wait_for_timeout(500)
    page.keyboard.press("y")
    expect(page.locator("#announce")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").endswith(f"/customers/{mira.pk}/?entry={asked.pk}")
    page.keyboard.press("p")
    strip = page.locator(".pin", has_text="My shoe size is 42")
    expect(strip).to_be_visible()
    page.evaluate("document.querySelector('#tl').scrollTop = 0")
    strip.click()
    expect(page.locator(f"#e-{asked.pk}")).to_be_in_viewport()
    expect(page.locator(f"#e-{asked.pk} article")).to_be_focused()
    page.keyboard.press(".")
    expect(page.get_by_role("dialog")).to_contain_text("Happened")
    page.get_by_role("button", name="Unpin").click()
    expect(strip).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
