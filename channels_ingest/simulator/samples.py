"""The files that simulated customers send: made here, always the same for the same id."""

import hashlib
import io
import math
import wave
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from PIL import Image, ImageDraw

#: Different files of each kind.
VARIANTS = 6
_SKIES = ("#f4c38b", "#8ec6e6", "#c9b6e4", "#f2a7a0", "#9fd8cb", "#e8dca0")
_HILLS = ("#5b7f5a", "#3f6a78", "#6b4e71", "#7a5a3a", "#2f6f5e", "#8a7443")
_PDF = (
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n"
    "4 0 obj<</Length {length}>>stream\n{text}\nendstream endobj\n"
    "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


@cache
def sample(kind: str, variant: int) -> bytes | None:
    """The file; None for a kind that there is no sample of."""
    make = _MAKERS.get(kind)
    return make(variant % VARIANTS) if make else None


def media_id(kind: str, seed: str) -> str:
    """The id of a made-up file, which tells which one it is."""
    digest = hashlib.sha256(seed.encode()).digest()
    number = _KINDS.index(kind) if kind in _KINDS else len(_KINDS)
    return f"{number + 1}{digest[0] % VARIANTS}{int.from_bytes(digest[1:7], 'big'):015d}"


def sample_of(media_id: str) -> tuple[str, bytes] | None:
    """Kind and content for an id that `media_id` made; None for any other."""
    if not (media_id.isascii() and media_id.isdigit() and len(media_id) == 17 and 1 <= int(media_id[0]) <= len(_KINDS)):
        return None
    kind = _KINDS[int(media_id[0]) - 1]
    content = sample(kind, int(media_id[1]))
    return (kind, content) if content else None


def _picture(variant: int) -> Image.Image:
    """Hills under a low sun."""
    drawn = Image.new("RGB", (1200, 900), _SKIES[variant])
    brush = ImageDraw.Draw(drawn)
    left = 200 + variant * 120
    brush.ellipse((left, 180, left + 190, 370), fill="#fff6dd")
    for step in range(3):
        height = 520 + step * 120
        line = [(x, height + 60 * math.sin(x / 170 + variant + step * 2)) for x in range(0, 1201, 20)]
        shade = Image.blend(Image.new("RGB", (1, 1), _HILLS[variant]), Image.new("RGB", (1, 1), "#1d2a2e"), step * 0.25)
        brush.polygon([*line, (1200, 900), (0, 900)], fill=shade.getpixel((0, 0)))
    return drawn


def _photo(variant: int) -> bytes:
    return _saved(_picture(variant), "JPEG")


def _sticker(variant: int) -> bytes:
    return _saved(_picture(variant).resize((256, 192)), "WEBP")


def _saved(picture: Image.Image, form: str) -> bytes:
    written = io.BytesIO()
    picture.save(written, form, quality=80)
    return written.getvalue()


def _voice(variant: int) -> bytes:
    """Three seconds of a tone that rises and falls."""
    rate = 8_000
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(rate)
        phases = (2 * math.pi * (220 + variant * 30 + 40 * math.sin(n / rate * 4)) * n / rate for n in range(rate * 3))
        sound.writeframes(bytes(round(128 + 40 * math.sin(phase)) for phase in phases))
    return written.getvalue()


def _document(variant: int) -> bytes:
    text = f"BT /F1 18 Tf 72 760 Td (Sample document {variant + 1}) Tj ET"
    return _PDF.format(length=len(text), text=text).encode()


_MAKERS: Mapping[str, Callable[[int], bytes]] = MappingProxyType(
    {"image": _photo, "audio": _voice, "document": _document, "sticker": _sticker}
)
_KINDS = tuple(_MAKERS)
