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
    told = {} if form == "GIF" else {"exif": exif}
    picture.save(out, form, **told, **more)
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


def box(kind: bytes, *inner: bytes) -> bytes:
    content = b"".join(inner)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def test_gif_moves_as_before_and_its_words_go() -> None:
    out, frames = io.BytesIO(), [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], loop=3, comment=b"SecretComment")
    content = out.getvalue()
    xmp = b"\x21\xff\x0bXMP DataXMP" + b"\x09SecretXmp" + b"\0"
    made = bare(content[:-1] + xmp + b";SecretTrailer")
    assert b"Secret" not in made
    assert made == bare(content) == bare(made)
    with Image.open(io.BytesIO(made)) as moving:
        assert (moving.n_frames, moving.info["loop"]) == (2, 3)  # type: ignore[attr-defined]
        assert moving.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
        moving.seek(1)
        assert moving.convert("RGB").getpixel((0, 0)) == (0, 0, 255)


def test_avif_keeps_its_pixels_and_its_length_and_tells_nothing() -> None:
    content = drawn("AVIF", xmp=b"<x>SecretXmp</x>")
    assert content.count(b"Secret") == 2
    made = bare(content)
    assert (len(made), ImageChops.difference(pixels(content), pixels(made)).getbbox()) == (len(content), None)
    assert b"Secret" not in made
    with Image.open(io.BytesIO(made)) as picture:
        assert dict(picture.getexif()) == {}
    assert bare(made) == made
    film = box(b"mpvd", box(b"moov", b"SecretPlace"))  # the moving part of a still picture
    assert bare(content + film) == made + box(b"free", bytes(len(film) - 8))
    assert bare(content + b"SEFTSecretTrailer") == made


def test_film_loses_place_and_camera_and_nothing_moves() -> None:
    place = box(b"udta", box(b"\xa9xyz", b"+59.33+018.06SecretPlace"))
    keys = box(b"meta", b"com.apple.quicktime.location SecretPlace")
    track = box(b"trak", box(b"tkhd", b"track"), box(b"udta", b"SecretName"), box(b"mdia", b"samples"))
    whole = [box(b"ftyp", b"isom"), box(b"moov", box(b"mvhd", b"head"), track, place, keys), box(b"mdat", b"pictures")]
    content = b"".join(whole) + box(b"uuid", b"SecretXmp")
    made = bare(content)
    assert len(made) == len(content)
    assert b"Secret" not in made
    assert b"59.33" not in made
    for kept in (b"tkhdtrack", b"mdiasamples", b"mvhdhead", b"mdatpictures"):
        assert made.index(kept) == content.index(kept)


def test_description_that_lies_a_thousand_times_in_one_place_costs_nothing() -> None:
    infe = box(b"infe", b"\x02\0\0\0", b"\0\1\0\0Exif\0")
    pieces = struct.pack(">II", 0, 60_000) * 1_000
    iloc = box(b"iloc", b"\0\0\0\0\x44\0", b"\0\1", b"\0\1\0\0", struct.pack(">H", 1_000), pieces)
    meta = box(b"meta", bytes(4), box(b"iinf", bytes(4), b"\0\1", infe), iloc)
    with pytest.raises(ValueError, match="lies elsewhere"):
        bare(box(b"ftyp", b"heic") + meta + box(b"mdat", bytes(60_000)))


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of damaged EXIF
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
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
