"""Contents that came inside a delivery go to storage, and the entry says where they are."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from channels_ingest.batches import Batch
from channels_ingest.items import write
from channels_ingest.media import files
from channels_ingest.media.files import Kept
from channels_ingest.media.parts import MOST_PARTS, _html_facts, unpack
from channels_ingest.messages import Located, Message, Part
from channels_ingest.models import MediaFetch
from profiles.identity.values import Sender
from profiles.models import Channel, ChannelAccount
from tests.channels_ingest.media.drawing import phone_photo, picture
from timeline.entries import Direction

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def mail(*parts: Part, **detail: Any) -> Located:
    sender = Sender(address="mira@example.com")
    message = Message(
        sender=sender,
        provider_message_id="m.1",
        occurred_at=AT,
        direction=Direction.IN,
        text="See below",
        detail={"type": "text", **detail},
        parts=parts,
    )
    return Located(item=message, path="$")


def attached(content: bytes, name: str = "x", mime_type: str = "application/pdf", **more: Any) -> Part:
    return Part(**{"role": "attachment", "name": name, "mime_type": mime_type, "content": content, **more})


def unpacked(*parts: Part, **detail: Any) -> tuple[dict[str, Any], list[Kept]]:
    kept: list[Kept] = []
    (located,) = unpack([mail(*parts, **detail)], kept)
    assert isinstance(located.item, Message)
    assert located.item.parts == ()
    return dict(located.item.detail), kept


def test_parts_are_told_and_kept() -> None:
    html = Part(role="html", name="", mime_type="text/html", content=b"<p>See <img src='cid:logo'></p>")
    inline = attached(picture("PNG"), "logo.png", "image/png", role="inline", content_id="logo")
    detail, kept = unpacked(html, inline, attached(b"%PDF-1.7 ...", "../Scan\u202e.pdf"))
    assert [each.mime_type for each in kept] == ["text/html", "image/png", "application/pdf"]
    assert detail["html"] == {"part": 0, "state": "stored", "file": kept[0].as_detail()}
    assert detail["attachments"] == [
        {
            "type": "image", "mime_type": "image/png", "name": "logo.png", "part": 1, "content_id": "logo",
            "inline": True, "state": "stored", "file": kept[1].as_detail(),
        },
        {
            "type": "document", "mime_type": "application/pdf", "name": "Scan.pdf", "part": 2, "state": "stored",
            "file": kept[2].as_detail(),
        },
    ]  # fmt: skip
    assert kept[1].as_detail()["width"] == 60


def test_type_is_by_the_bytes() -> None:
    detail, _ = unpacked(attached(b"<html><script>", "photo.png", "image/png"), attached(phone_photo(), "a.bin"))
    assert [part["type"] for part in detail["attachments"]] == ["document", "image"]
    assert detail["attachments"][0]["file"]["mime_type"] == "text/html"


@pytest.mark.parametrize(
    ("html", "has"),
    [
        ("<img src='https://e/x.png'>", True),
        ("<IMG\nwidth=1 SRC=//e/x.png>", True),
        ("<img src='cid:x'>", False),
        ("<p>https://e</p>", False),
    ],
)
def test_says_whether_there_are_pictures_from_elsewhere(html: str, has: bool) -> None:
    detail, _ = unpacked(Part(role="html", name="", mime_type="text/html", content=html.encode()))
    assert detail["html"].get("has_remote_pictures", False) is has


def test_attachments_at_the_provider_stay_first() -> None:
    detail, _ = unpacked(attached(b"x"), attachments=[{"type": "image", "provider_media_id": "7"}])
    assert [part.get("provider_media_id") or part.get("part") for part in detail["attachments"]] == ["7", 0]


def test_more_parts_than_any_mail_has_are_left_in_the_envelope() -> None:
    detail, kept = unpacked(*[attached(b"%d" % n) for n in range(MOST_PARTS + 3)])
    assert len(kept) == MOST_PARTS
    assert [part["state"] for part in detail["attachments"][-4:]] == ["stored", "refused", "refused", "refused"]


@pytest.mark.django_db
def test_full_disk_never_holds_up_the_text(settings: Any, tmp_path: Any) -> None:
    (tmp_path / "a-file").write_text("no folder")
    media = settings.STORAGES["media"]
    options = {**media["OPTIONS"], "location": str(tmp_path / "a-file" / "media")}
    settings.STORAGES = {**settings.STORAGES, "media": {**media, "OPTIONS": options}}
    account = ChannelAccount.objects.create(provider="email_mime", channel=Channel.EMAIL, name="Support")
    kept: list[Kept] = []
    (located,) = unpack([mail(attached(b"%PDF-1.7", "scan.pdf"))], kept)
    batch = Batch()
    batch.placed.append(_placed(account.pk, located))
    with transaction.atomic():
        files.remember(kept)
        write(batch)
    entry = account_entry(account)
    assert entry.text == "See below"
    assert entry.detail["attachments"][0]["state"] == "unstored"
    wanted = MediaFetch.objects.get()
    assert (wanted.provider_message_id, wanted.reference, wanted.state, wanted.envelope_id) == (
        "m.1", "part:0", "wanted", 77,
    )  # fmt: skip


def _placed(account_id: int, located: Located) -> Any:
    from channels_ingest.batches import Placed

    return Placed(account_id, 77, located.item)  # type: ignore[arg-type]


def account_entry(account: ChannelAccount) -> Any:
    from timeline.models import Entry

    return Entry.objects.get(account=account)


def test_pictures_that_never_end_take_no_time_to_look_through() -> None:
    started = time.process_time()
    assert _html_facts(Part(role="html", name="", mime_type="text/html", content=b"<img " * 400_000)) == {}
    assert time.process_time() - started < 2
