"""A mail's files and formatted text, from the POST of a mail server's pipe to what the agent gets."""

import base64
from typing import Any

import pytest
from django.test import Client

from channels_ingest import envelopes, pipeline
from channels_ingest.accounts import connect
from channels_ingest.media.fetches import fetch_due
from channels_ingest.models import Envelope, MediaFetch, StoredFile
from profiles.models import ChannelAccount
from tests.channels_ingest.media.drawing import phone_photo, picture
from timeline.media_links import MediaLink, Variant, media_path
from timeline.models import Entry
from timeline.rebuilding import rebuild

TOKEN = "a-token-of-the-pipe"
LOGO = picture("PNG", (300, 200))
HTML = "<p>See <b>below</b></p><img src='cid:logo@x'><img src='https://e.example/p.png'><script>alert(1)</script>"


@pytest.fixture
def mailbox(db: None) -> ChannelAccount:
    return connect("email_mime", name="Support", values={"token": TOKEN, "from": "support@hub.example.com"})


def part(content: bytes, *fields: str) -> str:
    head = "\r\n".join([*fields, "Content-Transfer-Encoding: base64"])
    return f"--b\r\n{head}\r\n\r\n{base64.encodebytes(content).decode()}\r\n"


def raw_mail() -> bytes:
    head = [
        "From: Mira Lind <mira@customer.example>", "To: support@hub.example.com", "Subject: Broken",
        "Message-ID: <1@customer.example>", "MIME-Version: 1.0", 'Content-Type: multipart/related; boundary="b"',
    ]  # fmt: skip
    return (
        "\r\n".join(head) + "\r\n\r\n"
        + part(HTML.encode(), "Content-Type: text/html; charset=utf-8")
        + part(LOGO, "Content-Type: image/png; name=logo.png", "Content-ID: <logo@x>", "Content-Disposition: inline")
        + part(phone_photo(), "Content-Type: image/jpeg", 'Content-Disposition: attachment; filename="Garden.jpg"')
        + "--b--\r\n"
    ).encode()  # fmt: skip


def received(client: Client, account: ChannelAccount) -> Entry:
    answer = client.post(
        f"/webhooks/email_mime/{account.key}/",
        raw_mail(),
        content_type="message/rfc822",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert answer.status_code == 200
    pipeline.drain()
    return Entry.objects.get(kind="message")


def test_mail_is_shown_with_its_files(client: Client, mailbox: ChannelAccount) -> None:
    entry = received(client, mailbox)
    by_name = {part["name"]: (number, part) for number, part in enumerate(entry.detail["attachments"])}
    assert set(by_name) == {"logo.png", "Garden.jpg"}
    assert all(part["state"] == "stored" for _, part in by_name.values())
    assert entry.detail["html"]["state"] == "stored"
    assert entry.detail["html"]["has_remote_pictures"] is True
    assert StoredFile.objects.count() == 3
    assert MediaFetch.objects.count() == 0
    page = client.get(media_path(MediaLink(entry.pk, "html", Variant.HTML))).content.decode()
    number, logo = by_name["logo.png"]
    assert (logo["inline"], logo["content_id"]) == (True, "logo@x")
    assert f'src="http://127.0.0.1:8000/media/{entry.pk}.{number}.embedded.' in page
    assert "<b>below</b>" in page
    assert "e.example" not in page
    assert "script" not in page
    with_pictures = client.get(media_path(MediaLink(entry.pk, "html", Variant.PICTURES)))
    assert 'src="https://e.example/p.png"' in with_pictures.content.decode()
    assert "img-src 'self' http://127.0.0.1:8000 data: https:;" in with_pictures["Content-Security-Policy"]


def without_storage(settings: Any, tmp_path: Any) -> Any:
    (tmp_path / "a-file").write_text("no folder")
    good = settings.STORAGES
    options = {**good["media"]["OPTIONS"], "location": str(tmp_path / "a-file" / "media")}
    settings.STORAGES = {**good, "media": {**good["media"], "OPTIONS": options}}
    return good


def test_files_that_could_not_be_stored_come_out_of_the_envelope_later(
    client: Client, mailbox: ChannelAccount, settings: Any, tmp_path: Any
) -> None:
    good = without_storage(settings, tmp_path)
    entry = received(client, mailbox)
    assert "below" in entry.text  # the text never waits for a disk
    assert {part["state"] for part in entry.detail["attachments"]} == {"unstored"}
    assert entry.detail["html"]["state"] == "unstored"
    assert Envelope.objects.get().state == "processed"
    assert fetch_due() == 3
    assert set(MediaFetch.objects.values_list("state", "attempts")) == {("wanted", 0)}
    settings.STORAGES = good
    MediaFetch.objects.update(next_attempt_at=Envelope.objects.get().received_at)
    assert fetch_due() == 3
    entry.refresh_from_db()
    assert {part["state"] for part in entry.detail["attachments"]} == {"stored"}
    assert entry.detail["html"]["state"] == "stored"
    assert client.get(media_path(MediaLink(entry.pk, "1", Variant.THUMBNAIL))).status_code == 200
    assert sum(rebuild(repair=False).differed.values()) == 0


def test_pruned_envelope_has_them_no_more(
    client: Client, mailbox: ChannelAccount, settings: Any, tmp_path: Any
) -> None:
    settings.STORAGES = (without_storage(settings, tmp_path), settings.STORAGES)[1]
    entry = received(client, mailbox)
    Envelope.objects.update(body=None)
    fetch_due()
    entry.refresh_from_db()
    assert {part["state"] for part in entry.detail["attachments"]} == {"gone"}


def test_replay_stores_nothing_twice(client: Client, mailbox: ChannelAccount) -> None:
    entry = received(client, mailbox)
    before = entry.detail
    envelopes.replay(Envelope.objects.values_list("id", flat=True))
    pipeline.drain()
    entry = Entry.objects.get(kind="message")
    assert entry.detail == before
    assert StoredFile.objects.count() == 3
    assert MediaFetch.objects.count() == 0
