"""Pictures without what they tell of their maker: the same pixels, upright as before, and nothing behind them."""

import io
import random
import struct
import zlib

import pytest
from PIL import Image, ImageChops, ImageOps

from channels_ingest.media.bare import bare

ORIENTATION, MAKER, GPS = 0x0112, 0x010F, 0x8825


def drawn(form: str, *, turn: int = 1, **more: object) -> bytes:
    picture = Image.effect_noise((64, 48), 80).convert("RGB")
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = turn, "SecretCamera"
    exif.get_ifd(GPS)[1] = "N"
    out = io.BytesIO()
    picture.save(out, form, exif=exif, **more)
    return out.getvalue()


def pixels(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as picture:
        return ImageOps.exif_transpose(picture).convert("RGB")


@pytest.mark.parametrize(
    "content",
    [
        drawn("JPEG", comment=b"SecretComment"),
        drawn("JPEG", turn=6),
        drawn("JPEG", turn=8, progressive=True, icc_profile=b"profile" * 40),
        drawn("PNG"),
        drawn("WEBP", lossless=True),
        drawn("WEBP", xmp=b"<x>SecretXmp</x>"),
    ],
    ids=["jpeg", "turned", "progressive", "png", "webp", "webp with xmp"],
)
def test_pixels_stay_and_the_maker_goes(content: bytes) -> None:
    made = bare(content)
    assert ImageChops.difference(pixels(content), pixels(made)).getbbox() is None
    for secret in (b"Secret", b"GPS"):
        assert secret not in made
    with Image.open(io.BytesIO(made)) as picture:
        assert set(picture.getexif()) <= {ORIENTATION}
        assert ("icc_profile" in picture.info) == (b"profileprofile" in content)
    assert bare(made) == made


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_what_follows_the_picture_goes(form: str) -> None:
    content = drawn(form)
    assert bare(content + drawn("JPEG") + b"<script>film</script>") == bare(content)


def test_words_of_a_png_go() -> None:
    content = drawn("PNG")
    text = b"tEXtComment\0SecretPlace"
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    made = bare(content[:33] + chunk + content[33:])
    assert b"SecretPlace" not in made
    assert pixels(made).size == (64, 48)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of damaged EXIF
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_damage_is_refused_or_harmless_and_ends(form: str) -> None:
    content, chance = drawn(form), random.Random(1)
    for cut in range(0, len(content), 97):
        with pytest.raises((ValueError, OSError)):
            bare(content[:cut])
    for _ in range(200):
        damaged = bytearray(content)
        for _ in range(3):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            bare(bytes(damaged))
        except (ValueError, OSError, SyntaxError, TypeError, KeyError):
            continue


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8", b"RIFF\0\0\0\0WEBX", b"%PDF-1.7"])
def test_what_is_no_such_picture_is_refused(content: bytes) -> None:
    with pytest.raises((ValueError, OSError)):
        bare(content)
