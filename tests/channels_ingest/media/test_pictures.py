"""Pictures as they are shown: upright, small, and with nothing of the sender's file but its pixels."""

import io
import zlib

import pytest
from PIL import Image

from channels_ingest.media.pictures import MOST_PIXELS, PictureError, shown_picture, size_of
from tests.channels_ingest.media.drawing import phone_photo, picture


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_place_camera_comment_and_what_follows_are_gone_and_the_photo_stands_upright() -> None:
    photo = phone_photo()
    assert b"SecretCamera" in photo
    shown = shown_picture(io.BytesIO(photo), side=640)
    assert b"Secret" not in shown
    assert b"script" not in shown
    made = opened(shown)
    assert (made.format, made.size, dict(made.getexif())) == ("WEBP", (480, 640), {})
    top, bottom = made.getpixel((240, 20)), made.getpixel((240, 620))
    assert top[0] > 200 > 60 > top[2]  # turned to the right, what was left is above: red
    assert bottom[2] > 200 > 60 > bottom[0]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
def test_small_pictures_keep_their_size(form: str) -> None:
    assert opened(shown_picture(io.BytesIO(picture(form)), side=640)).size == (60, 40)


def test_clear_parts_stay_clear() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(out, "PNG")
    assert opened(shown_picture(out, side=640)).getpixel((5, 5))[3] == 0


def png_of(width: int, height: int) -> bytes:
    """A picture of a few bytes that claims to be huge."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(5001, 5000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_pixel_bombs_are_refused_unread(size: tuple[int, int]) -> None:
    assert size[0] * size[1] > MOST_PIXELS
    with pytest.raises(PictureError):
        shown_picture(io.BytesIO(png_of(*size)), side=640)
    assert size_of(io.BytesIO(png_of(*size))) == (0, 0)


@pytest.mark.parametrize("content", [b"", b"<svg/>", picture("JPEG")[:200], b"%PDF-1.4", picture("PNG")[:40]])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(PictureError):
        shown_picture(io.BytesIO(content), side=640)


def test_other_formats_of_the_library_are_not_opened() -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "TIFF")
    with pytest.raises(PictureError):
        shown_picture(out, side=640)
