"""Files of an answer: told before sending what a channel takes, sent in as many messages as that needs."""

import uuid
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from channels_ingest.accounts import connect
from channels_ingest.media.files import name_of, open_content
from channels_ingest.models import OutboxMessage, SimulatedMessage, Upload
from channels_ingest.sending.courier import send_due
from channels_ingest.writing import uploads
from channels_ingest.writing.uploads import UploadError, take
from profiles.models import ChannelIdentity, Role, StaffMember
from tests.channels_ingest.media.drawing import phone_photo, picture
from tests.pages.conftest import Born, Say, agent, born, line, pages, say
from tests.pages.reading_html import words
from tests.pages.test_composer import HTMX, box, mira, whatsapp
from timeline.media_links import MediaLink, Variant, media_path
from timeline.models import Entry

__all__ = ["agent", "born", "line", "mira", "pages", "say", "whatsapp"]

JPEG, GIF = picture("JPEG"), picture("GIF")
PDF = b"%PDF-1.7 paper"


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Any) -> None:
    media = settings.STORAGES["media"]
    settings.STORAGES = {
        **settings.STORAGES,
        "media": {**media, "OPTIONS": {**media["OPTIONS"], "location": str(tmp_path / "media")}},
    }


def pick(pages: Client, row: ChannelIdentity, content: bytes, name: str, kind: str = "") -> Any:
    file = SimpleUploadedFile(name, content, content_type=kind or "application/octet-stream")
    fields = {"file": file, "channel_identity": row.pk}
    return pages.post(f"/customers/{row.profile_id}/uploads/", fields, headers=HTMX)


def answer(pages: Client, row: ChannelIdentity, text: str, files: list[str]) -> Any:
    body = {"channel_identity": row.pk, "text": text, "files": files, "key": "k1"}
    return pages.post(f"/customers/{row.profile_id}/answer/", body, headers=HTMX)


def test_picked_file_is_named_by_its_bytes_and_kept_in_the_draft(pages: Client, mira: ChannelIdentity) -> None:
    told = pick(pages, mira, JPEG, "../../etc/box\u202egpj.exe", "text/html")
    assert told.status_code == 201
    upload = Upload.objects.get()
    assert (upload.mime_type, upload.name) == ("image/jpeg", "boxgpj.exe")
    fields = {"channel_identity": mira.pk, "text": "", "files": [str(upload.pk)]}
    pages.post(f"/customers/{mira.profile_id}/draft/", fields, headers=HTMX)
    assert f'name="files" value="{upload.pk}"' in box(pages, mira.profile_id).content.decode()


def test_picked_picture_tells_nobody_where_it_was_taken(pages: Client, mira: ChannelIdentity) -> None:
    photo = phone_photo()
    assert b"Secret" in photo
    assert pick(pages, mira, photo, "box.jpg").status_code == 201
    upload = Upload.objects.get()
    stored = open_content(name_of(upload.sha256))
    assert stored is not None
    with stored:
        kept = stored.read()
    assert not any(secret in kept for secret in (b"Secret", b"GPS", photo))
    assert (upload.size, upload.width, upload.height) == (len(kept), 600, 800)  # upright as before
    told = pick(pages, mira, photo[:400], "half.jpg")
    assert (told.status_code, "half.jpg is damaged" in words(told)) == (422, True)
    assert Upload.objects.count() == 1


def test_what_the_channel_does_not_take_is_told_before_sending(pages: Client, mira: ChannelIdentity) -> None:
    told = words(pick(pages, mira, GIF, "cat.gif"))
    assert "GIF files are not taken here: WhatsApp takes JPEG" in told
    refused = answer(pages, mira, "look", [str(Upload.objects.get().pk)])
    assert (refused.status_code, "GIF files are not taken" in words(refused)) == (422, True)
    assert not Entry.objects.filter(direction="out").exists()


def test_text_line_without_mms_says_why_not(pages: Client, mira: ChannelIdentity, born: Born, say: Say) -> None:
    values = {"auth_token": "t", "account_sid": "AC1", "from": "+4477009000"}
    sms = connect("sms_twilio", name="Texts", values=values)
    row = born("Mira", account=sms, profile=mira.profile, address="+447700900123")
    say(row, "hi")
    page = pages.get(f"/customers/{mira.profile_id}/composer/", {"channel_identity": row.pk}, headers=HTMX)
    assert "This line sends text only: MMS works from numbers of the US and Canada." in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_three_files_on_whatsapp_are_three_messages_in_order(
    pages: Client, mira: ChannelIdentity, live_server: Any, settings: Any
) -> None:
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = settings.MEDIA_LINKS_URL = live_server.url
    for number, (content, name) in enumerate([(JPEG, "box.jpg"), (PDF, "bill.pdf"), (PDF + b"2", "more.pdf")]):
        assert pick(pages, mira, content, name).status_code == 201, number
    ids = [str(pk) for pk in Upload.objects.order_by("created_at").values_list("pk", flat=True)]
    for _ in range(2):  # a double click is the same three
        assert answer(pages, mira, "All of it", ids).status_code == 201
    sent = Entry.objects.filter(direction="out").order_by("id")
    names = [(entry.text, [part["name"] for part in entry.detail["attachments"]]) for entry in sent]
    assert names == [("All of it", ["box.jpg"]), ("", ["bill.pdf"]), ("", ["more.pdf"])]
    assert send_due() == 3, list(OutboxMessage.objects.values_list("state", "fault"))
    taken = list(SimulatedMessage.objects.order_by("id").values_list("text", "extra__files"))
    assert taken[0][0] == "All of it"
    assert [each[1].partition(":")[0] for each in taken] == ["image", "document", "document"]


@pytest.mark.django_db(transaction=True)
def test_mail_carries_its_files(pages: Client, born: Born, say: Say, live_server: Any, settings: Any) -> None:
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = settings.MEDIA_LINKS_URL = live_server.url
    settings.UNDO_SEND_SECONDS = 0
    values = {"password": "a-long-random-word", "from": "support@hub.example"}
    mailbox = connect("email_postmark", name="Support", values=values)
    row = born("Mira", account=mailbox, address="mira@customer.example", standing="proved")
    say(row, "hi", detail={"type": "mail", "subject": "hi"})
    pick(pages, row, JPEG, "box.jpg")
    pick(pages, row, PDF, "bill.pdf")
    ids = [str(pk) for pk in Upload.objects.order_by("created_at").values_list("pk", flat=True)]
    assert answer(pages, row, "", ids).status_code == 422
    assert answer(pages, row, "Here", ids).status_code == 201
    assert send_due() == 1
    assert SimulatedMessage.objects.get().extra["files"] == "box.jpg\nbill.pdf"


def test_somebody_elses_upload_and_one_that_is_gone_are_refused(pages: Client, mira: ChannelIdentity) -> None:
    other = StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT)
    theirs = take(BytesIO(JPEG), name="x.jpg", declared_type="", size=len(JPEG), author=other)
    for wrong in (str(theirs.pk), "00000000-0000-0000-0000-000000000000", "x"):
        told = answer(pages, mira, "look", [wrong])
        assert (told.status_code, "not here any more" in words(told)) == (422, True)
    assert not Entry.objects.filter(direction="out").exists()


def test_eleven_files_are_refused_with_the_reason(pages: Client, mira: ChannelIdentity) -> None:
    sent = {"channel_identity": mira.pk, "text": "All", "files": [str(uuid.uuid4()) for _ in range(11)]}
    told = pages.post(f"/customers/{mira.profile_id}/answer/", sent, headers=HTMX)
    assert (told.status_code, "10 files at most" in words(told)) == (422, True)


def test_upload_has_limits(pages: Client, mira: ChannelIdentity, agent: StaffMember) -> None:
    assert pick(pages, mira, b"", "empty.txt").status_code == 422
    with pytest.raises(UploadError, match="25 MB"):
        take(BytesIO(b""), name="x", declared_type="", size=uploads.MOST_BYTES + 1, author=agent)
    Upload.objects.create(author=agent, name="x", sha256="0" * 64, size=uploads.MOST_BYTES_A_DAY, mime_type="x")
    assert pick(pages, mira, JPEG, "x.jpg").status_code == 422


def test_provider_gets_the_type_and_a_page_of_a_stranger_does_not_run(pages: Client, mira: ChannelIdentity) -> None:
    pick(pages, mira, JPEG, "box.jpg")
    answer(pages, mira, "look", [str(Upload.objects.get().pk)])
    entry = Entry.objects.get(direction="out")
    told = Client().get(media_path(MediaLink(entry.pk, "0", Variant.HANDED)))
    assert (told.status_code, told["Content-Type"]) == (200, "image/jpeg")
    assert b"".join(told.streaming_content) == JPEG  # type: ignore[attr-defined]
    detail = entry.detail
    detail["attachments"][0]["file"]["mime_type"] = "text/html"
    Entry.objects.filter(pk=entry.pk).update(detail=detail)
    told = Client().get(media_path(MediaLink(entry.pk, "0", Variant.HANDED)))
    assert told["Content-Type"] == "application/octet-stream"
    assert "sandbox" in told["Content-Security-Policy"]
    told.close()


def test_visitor_of_the_chat_gets_links(born: Born, say: Say, pages: Client) -> None:
    from channels_ingest.webchat.conversation import events_since
    from channels_ingest.webchat.models import ChatVisitor

    shop = connect("webchat", name="Shop", values={"allowed_origins": "https://shop.example"})
    visitor = ChatVisitor.objects.create(account=shop, public_id="visitor-1")
    row = born("Mira", account=shop, address="visitor-1", standing="proved")
    say(row, "hi")
    pick(pages, row, PDF, "bill.pdf")
    assert answer(pages, row, "Here", [str(Upload.objects.get().pk)]).status_code == 201
    event = events_since(visitor, "").events[-1]
    assert (event["files"][0]["name"], event["files"][0]["mime_type"]) == ("bill.pdf", "application/pdf")
    assert event["text"] == f"Here\nbill.pdf: {event['files'][0]['url']}"
