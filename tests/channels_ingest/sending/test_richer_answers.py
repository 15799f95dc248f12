"""The API sends all that the reply box can: whole templates, files, mails of a new thread."""

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from channels_ingest.models import MessageTemplate, OutboxMessage, Upload
from profiles.models import ChannelIdentity, Role, StaffMember
from tests.channels_ingest.media.drawing import picture
from tests.channels_ingest.sending.conftest import Answer, bearer
from timeline.models import Entry

COMPONENTS = [
    {"type": "HEADER", "format": "DOCUMENT"},
    {"type": "BODY", "text": "Hello {{name}}, your order {{order}} is paid."},
    {"type": "FOOTER", "text": "Nordlicht"},
    {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Follow", "url": "https://shop.example/{{1}}"}]},
]
BILL = {
    "name": "bill",
    "language": "en",
    "parameters": ["Mira", "4711"],
    "names": ["name", "order"],
    "header": "https://shop.example/bill.pdf",
    "buttons": [{"place": 0, "value": "4711"}],
}


@pytest.fixture
def bill(mira: ChannelIdentity) -> MessageTemplate:
    return MessageTemplate.objects.create(account=mira.account, name="bill", language="en", components=COMPONENTS)


def test_known_template_is_told_as_the_customer_reads_it(answer: Answer, bill: MessageTemplate) -> None:
    told = answer("", template=BILL)
    assert told.status_code == 201, told.content
    assert told.json()["text"] == "Hello Mira, your order 4711 is paid.\nNordlicht"
    assert OutboxMessage.objects.get().words["template"] == {
        "name": "bill",
        "language": "en",
        "parameters": ["Mira", "4711"],
        "names": ["name", "order"],
        "header": "https://shop.example/bill.pdf",
        "header_kind": "document",
        "buttons": [[0, "url", "4711"]],
    }


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"buttons": []}, "Fill in: Button Follow"),
        ({"header": ""}, "Fill in: Link to the document at the top"),
        ({"header": "http://shop.example/bill.pdf"}, "has to begin with https://"),
        ({"parameters": ["Mira"], "names": ["name"]}, "Fill in: order"),
        ({"parameters": ["a", "b", "c"], "names": []}, "takes 2 parameters and 3 came"),
    ],
)
def test_known_template_that_lacks_something_is_refused_in_words(
    answer: Answer, bill: MessageTemplate, more: dict[str, Any], reason: str
) -> None:
    told = answer("", template=BILL | more)
    assert (told.status_code, told.json()["code"]) == (422, "template")
    assert reason in told.json()["detail"]
    assert not OutboxMessage.objects.exists()


def test_template_the_hub_does_not_know_is_left_to_whatsapp(answer: Answer) -> None:
    told = answer("As I wrote it", template=BILL | {"header_kind": "document"})
    assert (told.status_code, told.json()["text"]) == (201, "As I wrote it")
    assert answer("x", template=BILL | {"names": ["one"]}).status_code == 400
    assert answer("x", template=BILL | {"header_kind": "image", "header": "javascript:1"}).status_code == 400


@pytest.fixture
def _storage(settings: Any, tmp_path: Any) -> None:
    media = settings.STORAGES["media"]
    options = {**media["OPTIONS"], "location": str(tmp_path / "media")}
    settings.STORAGES = {**settings.STORAGES, "media": {**media, "OPTIONS": options}}


def upload(client: Client, nora: StaffMember, content: bytes, name: str) -> Any:
    return client.post("/api/v1/uploads/", {"file": SimpleUploadedFile(name, content)}, headers=bearer(nora))


@pytest.mark.usefixtures("_storage")
def test_files_are_uploaded_and_go_along(client: Client, answer: Answer, nora: StaffMember) -> None:
    first = upload(client, nora, picture("JPEG"), "box.exe")
    assert first.status_code == 201
    assert {k: v for k, v in first.json().items() if k != "id"} == {
        "name": "box.exe", "size": len(picture("JPEG")), "mime_type": "image/jpeg",
    }  # fmt: skip
    second = upload(client, nora, b"%PDF-1.7 bill", "bill.pdf").json()
    told = answer("Both", files=[first.json()["id"], second["id"]], key="k1")
    assert told.status_code == 201, told.content
    [more] = told.json()["more"]
    assert Entry.objects.get(pk=more).detail["attachments"][0]["name"] == "bill.pdf"
    assert told.json()["text"] == "Both"
    again = answer("Both", files=[first.json()["id"], second["id"]], key="k1")
    assert again.json()["more"] == [more]
    assert OutboxMessage.objects.count() == 2


@pytest.mark.usefixtures("_storage")
def test_file_of_a_colleague_and_one_that_is_gone_are_refused(
    client: Client, answer: Answer, nora: StaffMember, elias: StaffMember
) -> None:
    theirs = upload(client, elias, b"%PDF-1.7 secret", "secret.pdf").json()["id"]
    for each in (theirs, str(uuid.uuid4())):
        told = answer("Look", files=[each])
        assert (told.status_code, told.json()["code"]) == (422, "files_gone")
    assert answer("Look", files=["nonsense"]).status_code == 400
    assert answer("Look", files=[str(uuid.uuid4())] * 11).status_code == 400
    assert not OutboxMessage.objects.exists()


@pytest.mark.usefixtures("_storage")
def test_uploads_have_the_limits_of_the_page(client: Client, nora: StaffMember) -> None:
    assert upload(client, nora, b"", "empty.pdf").status_code == 422
    told = upload(client, nora, b"x" * (25 * 1024 * 1024 + 1), "film.mp4")
    assert (told.status_code, "25 MB are the most" in told.json()["detail"]) == (422, True)
    assert client.post("/api/v1/uploads/", {}, headers=bearer(nora)).status_code == 400
    assert not Upload.objects.exists()


def test_strangers_and_ingest_tokens_upload_nothing(client: Client, nora: StaffMember) -> None:
    file = SimpleUploadedFile("a.pdf", b"%PDF-1.7 a")
    ingest = bearer(nora, Role.INGEST)
    assert client.post("/api/v1/uploads/", {"file": file}, headers=ingest).status_code == 403
    assert client.post("/api/v1/uploads/", {"file": file}).status_code == 401
