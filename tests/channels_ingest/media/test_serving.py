"""Files are served by links that expire, and as nothing a browser would run."""

import io
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from channels_ingest.media.bare import bare
from channels_ingest.media.files import keep, name_of
from profiles.models import Role
from tests.channels_ingest.media.drawing import OGG, phone_photo, picture
from tests.pages.conftest import Born, Say, agent, born, line, pages, say
from timeline import media_links
from timeline.media_links import MediaLink, Variant, media_path, read_token
from timeline.models import Entry

__all__ = ["agent", "born", "line", "pages", "say"]

HTML = b"<html><script>alert(1)</script>"


@pytest.fixture
def entry(born: Born, say: Say) -> Callable[..., Entry]:
    """An entry with the given contents as its stored attachments."""

    def make(*contents: bytes, **more: Any) -> Entry:
        parts = []
        for number, content in enumerate(contents):
            kept = keep(io.BytesIO(content))
            parts.append(
                {"type": "document", "part": number, "state": "stored", "name": "x", "file": kept.as_detail(), **more}
            )
        return say(born("Mira"), detail={"type": "document", "attachments": parts})

    return make


@pytest.fixture(autouse=True)
def _closed_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of answers that a test does not read are closed, as a web server does."""
    generic = Client.generic

    def read(self: Client, *args: Any, **more: Any) -> Any:
        answer = generic(self, *args, **more)
        if answer.streaming:
            content = b"".join(answer)
            answer.getvalue = lambda: content
        return answer

    monkeypatch.setattr(Client, "generic", read)


def path_to(entry: Entry, variant: Variant, place: str = "0") -> str:
    return media_path(MediaLink(entry.pk, place, variant))


def test_link_from_the_page_leads_to_the_file(pages: Client, entry: Callable[..., Entry]) -> None:
    asked = pages.get(f"/entries/{entry(b'hello', name='greeting.txt').pk}/files/0/file/")
    assert asked.status_code == 302
    assert asked["Cache-Control"] == "no-store"
    answer = Client().get(asked["Location"])
    assert answer.status_code == 200
    assert answer.getvalue() == b"hello"
    assert answer["Content-Disposition"] == 'attachment; filename="greeting.txt"'
    assert answer["Content-Type"] == "application/octet-stream"


def test_nobody_needs_or_gets_a_cookie(client: Client, entry: Callable[..., Entry], settings: Any) -> None:
    settings.MIDDLEWARE = []  # as the web process serves it
    client.cookies["sessionid"] = "whatever"
    answer = client.get(path_to(entry(b"hello"), Variant.FILE))
    assert answer.status_code == 200
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")


@pytest.mark.parametrize("variant", [Variant.FILE, Variant.PLAY, Variant.FULL, Variant.THUMBNAIL, Variant.EMBEDDED])
@pytest.mark.parametrize(
    "content", [HTML, b"<svg onload='alert(1)'/>", b"MZ\x90\0" + b"\0" * 99, b"%PDF-1.4 x", b"x,y"]
)
def test_what_could_run_is_never_shown(
    client: Client, entry: Callable[..., Entry], variant: Variant, content: bytes
) -> None:
    answer = client.get(path_to(entry(content, name="photo.jpg", mime_type="image/jpeg"), variant))
    if answer.status_code == 200:
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["Content-Type"] == "application/octet-stream"
    else:
        assert answer.status_code == 404


@pytest.mark.parametrize("variant", list(Variant))
def test_every_answer_is_guarded(client: Client, entry: Callable[..., Entry], settings: Any, variant: Variant) -> None:
    settings.MIDDLEWARE = []
    made = entry(phone_photo())
    made.detail["html"] = {"part": 1, "state": "stored", "file": keep(io.BytesIO(b"<p>hi")).as_detail()}
    made.save()
    place = "html" if variant in (Variant.HTML, Variant.PICTURES) else "0"
    for path in (path_to(made, variant, place), path_to(made, variant, "7"), "/media/wrong/x"):
        answer = client.get(path)
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"].startswith("sandbox")
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert answer["Referrer-Policy"] == "no-referrer"
        if answer.status_code == 200:
            assert answer["Cache-Control"].startswith("private, max-age=")
            assert 150 <= int(answer["Cache-Control"].rpartition("=")[2]) <= 300
        else:
            assert answer["Cache-Control"] == "no-store"


def test_pictures_are_made_anew_and_kept(client: Client, entry: Callable[..., Entry]) -> None:
    photo = phone_photo()
    made = entry(photo)
    for variant in (Variant.THUMBNAIL, Variant.FULL, Variant.EMBEDDED):
        first, second = client.get(path_to(made, variant)), client.get(path_to(made, variant))
        assert first["Content-Type"] == "image/webp"
        assert first.content == second.content
        assert b"Secret" not in first.content
    saved = client.get(path_to(made, Variant.FILE))
    assert saved.getvalue() == bare(photo)  # as it came, but for what it tells of its maker
    assert b"Secret" not in saved.getvalue()
    again = client.get(path_to(made, Variant.FILE), headers={"Range": "bytes=2-5"})
    assert (again.status_code, again.getvalue(), again["ETag"]) == (206, bare(photo)[2:6], saved["ETag"])


def test_embedded_pictures_alone_may_stand_in_a_sandboxed_frame(client: Client, entry: Callable[..., Entry]) -> None:
    made = entry(picture())
    assert client.get(path_to(made, Variant.EMBEDDED))["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert client.get(path_to(made, Variant.FULL))["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("asked", "status", "said", "start", "end"),
    [
        ("bytes=0-9", 206, "bytes 0-9/{n}", 0, 10),
        ("bytes=100-", 206, "bytes 100-{last}/{n}", 100, None),
        ("bytes=-5", 206, "bytes {tail}-{last}/{n}", -5, None),
        ("bytes=5-99999999", 206, "bytes 5-{last}/{n}", 5, None),
        ("bytes=99999999-", 416, "bytes */{n}", 0, 0),
        ("bytes=9-5", 416, "bytes */{n}", 0, 0),
        ("bytes=0-1,3-4", 200, "", 0, None),
        ("bytes=-", 200, "", 0, None),
        ("lines=1-2", 200, "", 0, None),
    ],
)
def test_players_ask_for_ranges(
    client: Client, entry: Callable[..., Entry], asked: str, status: int, said: str, start: int, end: int | None
) -> None:
    answer = client.get(path_to(entry(OGG), Variant.PLAY), headers={"Range": asked})
    assert answer.status_code == status
    n = len(OGG)
    assert answer.get("Content-Range", "") == said.format(n=n, last=n - 1, tail=n - 5)
    assert answer.getvalue() == OGG[start:end]
    if status < 400:
        assert answer["Content-Type"] == "audio/ogg"
        assert answer["Accept-Ranges"] == "bytes"


def test_range_of_another_version_is_answered_in_full(client: Client, entry: Callable[..., Entry]) -> None:
    answer = client.get(path_to(entry(OGG), Variant.PLAY), headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (answer.status_code, len(answer.getvalue())) == (200, len(OGG))


def test_head_says_how_long_it_is(client: Client, entry: Callable[..., Entry]) -> None:
    answer = client.head(path_to(entry(OGG), Variant.PLAY))
    assert (answer.status_code, answer["Content-Length"], answer.content) == (200, str(len(OGG)), b"")
    assert client.post(path_to(entry(OGG), Variant.PLAY)).status_code == 405


def test_links_end_and_cannot_be_changed(
    client: Client, entry: Callable[..., Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = entry(b"hello")
    path = path_to(made, Variant.FILE)
    token = path.split("/")[2]
    assert client.get(path.replace(f"/{made.pk}.0.", f"/{made.pk}.1.")).status_code == 404
    assert client.get(path.replace(".file.", ".html.")).status_code == 404
    read = read_token(token)
    assert read is not None
    assert 150 <= read[1] <= 300
    now = time.time()
    monkeypatch.setattr(media_links.time, "time", lambda: now + 301)
    assert client.get(path).status_code == 404


def test_link_of_a_former_secret_key_is_good_while_the_key_is_known(
    client: Client, entry: Callable[..., Entry], settings: Any
) -> None:
    path = path_to(entry(b"hello"), Variant.FILE)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-of-a-later-time-0123456789"
    assert client.get(path).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(path).status_code == 404


def test_names_of_files_stand_in_no_address(pages: Client, entry: Callable[..., Entry]) -> None:
    made = entry(b"hello", name="Mira Lind passport.txt")
    assert "Mira" not in pages.get(f"/entries/{made.pk}/files/0/file/")["Location"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a\r\nSet-Cookie: x=1.txt", 'attachment; filename="aSet-Cookie_ x=1.txt"'),
        ("..\\..\\boot.ini", 'attachment; filename="boot.ini"'),
        ("invoice\u202efdp.exe", 'attachment; filename="invoicefdp.exe"'),
        ("חשבון.pdf", "attachment; filename*=utf-8''%D7%97%D7%A9%D7%91%D7%95%D7%9F.pdf"),
        ('quo"te.txt', 'attachment; filename="quo_te.txt"'),
        ("", 'attachment; filename="file.txt"'),
    ],
)
def test_odd_names_are_saved_as_harmless_ones(
    client: Client, entry: Callable[..., Entry], name: str, said: str
) -> None:
    assert client.get(path_to(entry(b"hello", name=name), Variant.FILE))["Content-Disposition"] == said


@pytest.mark.parametrize("path", ["0/nothing/", "9/file/", "html/html/", "99999/file/", "x/file/", "-1/file/"])
def test_places_that_are_none(pages: Client, entry: Callable[..., Entry], path: str) -> None:
    assert pages.get(f"/entries/{entry(b'hello').pk}/files/{path}").status_code == 404
    assert pages.get(f"/entries/{2**70}/files/0/file/").status_code == 404


def test_file_that_is_not_stored_is_not_offered(pages: Client, entry: Callable[..., Entry]) -> None:
    made = entry(b"hello", state="failed")
    assert pages.get(f"/entries/{made.pk}/files/0/file/").status_code == 404
    assert pages.get(path_to(made, Variant.FILE)).status_code == 404


def test_reader_of_the_api_gets_a_link(
    client: Client, entry: Callable[..., Entry], token_for: Callable[[Role], dict[str, str]], settings: Any
) -> None:
    made = entry(b"hello")
    answer = client.get(
        f"/api/v1/profiles/{made.channel_identity.profile_id}/timeline/", headers=token_for(Role.AGENT)
    ).json()
    (part,) = answer["results"][0]["detail"]["attachments"]
    assert part["url"].startswith(f"{settings.MEDIA_LINKS_URL}/media/")
    assert part["file"]["size"] == 5
    assert Client().get(part["url"].removeprefix(settings.MEDIA_LINKS_URL)).getvalue() == b"hello"
    made.refresh_from_db()
    assert "url" not in made.detail["attachments"][0]


def test_lost_file_is_not_found(client: Client, entry: Callable[..., Entry], tmp_path: Any) -> None:
    made = entry(b"hello")
    (tmp_path / "media" / name_of(made.detail["attachments"][0]["file"]["sha256"])).unlink()
    assert client.get(path_to(made, Variant.FILE)).status_code == 404
