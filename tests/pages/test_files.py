"""Files on the customer's page: pictures, players, downloads, and why something is not here."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from channels_ingest.media.files import keep
from tests.channels_ingest.media.drawing import OGG, phone_photo, picture
from tests.pages.conftest import Born, Say
from tests.pages.reading_html import words

Open = Callable[..., Page]


def stored(content: bytes, **more: Any) -> dict[str, Any]:
    return {"type": "document", "state": "stored", "name": "", "file": keep(io.BytesIO(content)).as_detail(), **more}


MISSING = [
    ({"provider_media_id": "1"}, "Fetching from WhatsApp…"),
    ({"provider_media_id": "1", "state": "gone"}, "Not available any more at WhatsApp"),
    ({"provider_media_id": "1", "state": "too_big"}, "Too big to be kept here"),
    ({"provider_media_id": "1", "state": "refused"}, "Refused: it is not kept at an address the hub may ask"),
    ({"provider_media_id": "1", "state": "no_access"}, "Still at WhatsApp: the line has no key to fetch it"),
    ({"provider_media_id": "1", "state": "failed"}, "Could not be fetched from WhatsApp"),
    ({}, "Stored at WhatsApp"),
    ({"state": "stored"}, "Stored at WhatsApp"),  # without its file
]


@pytest.mark.parametrize(("part", "note"), MISSING)
def test_why_a_file_is_not_here_is_said(pages: Client, born: Born, say: Say, part: dict[str, Any], note: str) -> None:
    mira = born("Mira")
    say(mira, detail={"type": "image", "attachments": [{"type": "image", "mime_type": "image/jpeg", **part}]})
    page = pages.get(f"/inbox/all/{mira.profile_id}/")
    assert f"JPG · {note}" in words(page)
    assert "<img" not in page.content.decode()


def test_picture_has_its_place_before_it_comes(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira")
    entry = say(mira, detail={"type": "image", "attachments": [stored(phone_photo(), type="image", name="Garden.jpg")]})
    page = pages.get(f"/inbox/all/{mira.profile_id}/").content.decode()
    assert f'src="/entries/{entry.pk}/files/0/thumbnail/" width="240" height="320"' in page
    assert 'alt="Photo: Garden.jpg"' in page


def test_logos_of_a_mail_stand_in_its_formatted_text_only(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira")
    logo = stored(picture("PNG", (200, 60)), type="image", name="logo.png", inline=True)
    shot = stored(picture("PNG", (900, 600)), type="image", name="screenshot.png", inline=True)
    say(mira, "Look", detail={"type": "text", "attachments": [logo, shot]})
    page = pages.get(f"/inbox/all/{mira.profile_id}/").content.decode()
    assert "logo.png" not in page
    assert "screenshot.png" in page
    assert "/files/1/thumbnail/" in page  # the number is that in the entry


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_agent_sees_hears_and_saves(open_page: Open, born: Born, say: Say) -> None:
    mira = born("Mira")
    files = [
        stored(phone_photo(), type="image", name="Garden.jpg"),
        stored(OGG, type="audio", voice=True, name="note.ogg"),
        stored(b"%PDF-1.7 scan", name="חשבונית 1042.pdf"),
        stored(b"<svg onload='alert(1)'/>", type="image", name="photo.png"),
    ]
    say(mira, "Three things", detail={"type": "image", "attachments": files})
    page = open_page(f"/inbox/all/{mira.profile_id}/")
    img = page.locator("#tl").get_by_role("img", name="Photo: Garden.jpg")
    expect(img).to_be_visible()
    expect(img).to_have_js_property("naturalWidth", 480)
    assert img.bounding_box()["width"] == 240  # type: ignore[index]
    assert page.locator("audio").get_attribute("preload") == "none"
    with page.expect_download() as saved:
        page.locator("#tl").get_by_role("link", name="חשבונית 1042.pdf").click()
    assert saved.value.suggested_filename == "חשבונית 1042.pdf"
    with page.expect_download() as odd:
        page.locator("#tl").get_by_role("link", name="photo.png").click()
    assert odd.value.suggested_filename == "photo.png"
    with page.context.expect_page() as opened:
        page.locator("#tl").get_by_role("link", name="Photo: Garden.jpg").click()
    opened.value.wait_for_load_state()
    assert "/media/" in opened.value.url
    assert opened.value.evaluate("document.images[0].naturalHeight") == 800
