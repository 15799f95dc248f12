"""Pictures as they came but for what they tell of their maker: place, camera, time, comments. No pixel is touched.

What a customer sent stays in storage as the record; what a colleague sends is stored bare. JPEG (ITU T.81), PNG (third
edition), WebP (RFC 9649) and GIF (89a) are read here, HEIC, AVIF and films by `bare_boxes`; other formats are left.
"""

import io
import struct
from collections.abc import Iterator

from PIL import Image

from channels_ingest.media.bare_boxes import blanked

_ORIENTATION = 0x0112
_STUFFED = frozenset({0x00, *range(0xD0, 0xD8)})
#: What a JPEG needs to be decoded, and its colours: JFIF, the ICC profile, Adobe's transform.
_JPEG_KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_PNG = b"\x89PNG\r\n\x1a\n"
#: Optional chunks that say how a PNG looks; those with a capital are needed anyway.
_PNG_KEPT = frozenset(
    {b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT", b"cICP"}
)
#: Extensions of a GIF that are drawn, and applications' that say how often, and in which colours.
_GIF_KEPT, _GIF_APPLICATIONS = frozenset({0xF9, 0x01}), (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
_WEBP_DROPPED, _WEBP_FLAGS = frozenset({b"EXIF", b"XMP "}), 0x0C


def is_told_of(content: bytes) -> bool:
    """Whether the file is of a format that `bare` reads."""
    is_gif, is_webp = content.startswith((b"GIF87a", b"GIF89a")), content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return content.startswith((b"\xff\xd8\xff", _PNG)) or is_gif or is_webp or content[4:8] == b"ftyp"


def bare(content: bytes) -> bytes:
    """The same picture without what it says of its maker. Raises ValueError if it is none, or damaged."""
    try:
        if content.startswith(b"\xff\xd8"):
            return b"".join(_jpeg(content))
        if content.startswith(_PNG):
            return b"".join(_png(content))
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp(content)
        if content.startswith((b"GIF87a", b"GIF89a")):
            return b"".join(_gif(content))
        if content[4:8] == b"ftyp":
            return blanked(content)
    except (IndexError, struct.error) as error:
        raise ValueError("the picture ends too early") from error
    raise ValueError("no format that is known")


def _jpeg(content: bytes) -> Iterator[bytes]:
    """The segments up to the end of the image: what follows it (a film, a second picture) goes too."""
    yield b"\xff\xd8" + _upright(content)
    at = 2
    while True:
        while content[at] == content[at + 1] == 0xFF:  # filling
            at += 1
        if content[at] != 0xFF:
            raise ValueError("expected a marker")
        marker = content[at + 1]
        if marker == 0xD9:
            yield b"\xff\xd9"
            return
        end = at + 2 + struct.unpack_from(">H", content, at + 2)[0]
        is_told = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not is_told or (marker in _JPEG_KEPT and content.startswith(_JPEG_KEPT[marker], at + 4)):
            yield content[at:end]
        at = end
        if marker == 0xDA:
            end = _scanned(content, at)
            yield content[at:end]
            at = end


def _scanned(content: bytes, at: int) -> int:
    """Where the image data that begin at `at` end: at a marker that is neither stuffing nor a restart."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0:
            raise IndexError
        if content[at + 1] not in _STUFFED and content[at + 1] != 0xFF:
            return at
        at += 1 if content[at + 1] == 0xFF else 2


def _upright(content: bytes) -> bytes:
    """EXIF that says which way is up and nothing else; nothing for a picture that stands already."""
    with Image.open(io.BytesIO(content), formats=("JPEG",)) as picture:
        turn = picture.getexif().get(_ORIENTATION)
    if not isinstance(turn, int) or not 2 <= turn <= 8:
        return b""
    told = b"Exif\0\0II*\0" + struct.pack("<IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, turn, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", len(told) + 2) + told


def _png(content: bytes) -> Iterator[bytes]:
    yield _PNG
    at = len(_PNG)
    while True:
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise IndexError
        if kind[:1].isupper() or kind in _PNG_KEPT:
            yield content[at:end]
        if kind == b"IEND":
            return
        at = end


def _gif(content: bytes) -> Iterator[bytes]:
    at = 13 + _colours(content[10])
    yield content[:at]
    while content[at] != 0x3B:
        start = at
        if content[at] == 0x2C:
            at = _blocks_end(content, at + 11 + _colours(content[at + 9]))
            yield content[start:at]
        elif content[at] == 0x21:
            label, at = content[at + 1], _blocks_end(content, at + 2)
            is_drawn = label == 0xFF and content.startswith(_GIF_APPLICATIONS, start + 3)
            if label in _GIF_KEPT or is_drawn:
                yield content[start:at]
        else:
            raise ValueError("expected a block")
    yield b";"


def _colours(flags: int) -> int:
    """The bytes of the table of colours that the flags announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks_end(content: bytes, at: int) -> int:
    while content[at]:
        at += content[at] + 1
    return at + 1


def _webp(content: bytes) -> bytes:
    kept, at, size = [], 12, 8 + struct.unpack_from("<I", content, 4)[0]
    if size > len(content):
        raise IndexError
    while at < size:
        kind, length = struct.unpack_from("<4sI", content, at)
        end = at + 8 + length + length % 2
        chunk = content[at:end]
        if kind == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_FLAGS]) + chunk[9:]
        if kind not in _WEBP_DROPPED:
            kept.append(chunk)
        at = end
    whole = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole
