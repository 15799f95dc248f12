"""HEIC, AVIF, and films without what they tell of their maker (ISO/IEC 14496-12, 23008-12): its bytes are blanked.

Nothing moves, so that every place which the file names stays right, and no pixel is touched. What a film measured while
it was taken (the track of an action camera) stays: it lies among the pictures.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

PICTURE_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"})
_TOP = frozenset({b"ftyp", b"styp", b"meta", b"mdat", b"moov", b"moof", b"mfra", b"sidx", b"ssix", b"free", b"skip"})
_TOLD = frozenset({b"udta", b"meta", b"uuid"})
_INNER = frozenset({b"moov", b"trak", b"moof", b"traf"})
_TOLD_ITEMS = frozenset({b"Exif", b"mime", b"uri "})
#: EXIF without an entry, behind the four bytes that say where it begins.
_NO_EXIF = b"\0\0\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"
_MOST_EXTENTS = 10_000


class Box(NamedTuple):
    """A box: its kind, and where it, its content and its end are."""

    kind: bytes
    start: int
    inside: int
    end: int


def blanked(content: bytes) -> bytes:
    """The same file without place, camera and comments. Raises ValueError, IndexError and struct.error for damage."""
    made, end = bytearray(content), 0
    is_picture = content[8:12] in PICTURE_BRANDS
    for box in _boxes(content, 0, len(content)):
        if box.kind not in _TOP and (box.end > len(content) or not box.kind.isalnum()):
            break  # what follows the file is none of it
        if box.kind == b"meta" and is_picture:
            _blank_items(made, content, box)
        elif box.kind not in _TOP or box.kind in _TOLD:
            _blank(made, box)
        elif box.kind in _INNER:
            _blank_within(made, content, box)
        end = box.end
    if not content[4:8] == b"ftyp" or end > len(content):
        raise ValueError("the file ends too early")
    return bytes(made[:end])


def _boxes(content: bytes, at: int, end: int) -> Iterator[Box]:
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", content, at)
        inside = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, inside)
            inside += 8
        stop = at + size if size else end
        if stop < inside:
            raise ValueError("a box that is shorter than its head")
        yield Box(kind, at, inside, stop)
        at = stop


def _blank(made: bytearray, box: Box) -> None:
    made[box.start + 4 : box.start + 8] = b"free"
    made[box.inside : box.end] = bytes(box.end - box.inside)


def _blank_within(made: bytearray, content: bytes, outer: Box) -> None:
    for box in _boxes(content, outer.inside, outer.end):
        if box.end > outer.end:
            raise ValueError("a box that is longer than what it stands in")
        if box.kind in _TOLD:
            _blank(made, box)
        elif box.kind in _INNER:
            _blank_within(made, content, box)


def _blank_items(made: bytearray, content: bytes, meta: Box) -> None:
    """The items of a picture that describe it hold nothing."""
    inner = {box.kind: box for box in _boxes(content, meta.inside + 4, meta.end)}
    if b"iinf" not in inner or b"iloc" not in inner:
        raise ValueError("a picture without a list of its parts")
    told = dict(_told_items(content, inner[b"iinf"]))
    own = inner[b"idat"].inside if b"idat" in inner else 0
    left = len(content)
    for number, method, offset, length in _extents(content, inner[b"iloc"].inside):
        if number not in told:
            continue
        start, left = offset + (own if method == 1 else 0), left - length
        if method > 1 or not length or left < 0 or start + length > len(content):
            raise ValueError("a description that lies elsewhere")
        empty = _NO_EXIF if told[number] == b"Exif" and length >= len(_NO_EXIF) else b""
        made[start : start + length] = empty.ljust(length, b"\0" if told[number] == b"Exif" else b" ")


def _told_items(content: bytes, iinf: Box) -> Iterator[tuple[int, bytes]]:
    """The number and kind of each item that describes the picture."""
    first = iinf.inside + (6 if content[iinf.inside] == 0 else 8)
    for box in _boxes(content, first, iinf.end):
        is_long = content[box.inside] >= 3
        number, _protection, kind = struct.unpack_from(">IH4s" if is_long else ">HH4s", content, box.inside + 4)
        if kind in _TOLD_ITEMS:
            yield number, kind


def _extents(content: bytes, at: int) -> Iterator[tuple[int, int, int, int]]:
    """Where items lie: (item, whether from the file's start or from its own data, offset, length)."""
    version = content[at]
    sizes, more = content[at + 4], content[at + 5]
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, more >> 4
    index_size = more & 15 if version else 0
    at += 6
    items, at = _number(content, at, 4 if version == 2 else 2)
    seen = 0
    for _ in range(items):
        number, at = _number(content, at, 4 if version == 2 else 2)
        method, at = _number(content, at, 2 if version else 0)
        at += 2
        base, at = _number(content, at, base_size)
        extents, at = _number(content, at, 2)
        seen += extents
        if seen > _MOST_EXTENTS:
            raise ValueError("too many pieces")
        for _ in range(extents):
            offset, at = _number(content, at + index_size, offset_size)
            length, at = _number(content, at, length_size)
            yield number, method & 15, base + offset, length


def _number(content: bytes, at: int, size: int) -> tuple[int, int]:
    """The number of `size` bytes, and where it ends."""
    if at + size > len(content):
        raise IndexError
    return int.from_bytes(content[at : at + size]), at + size
