"""Pictures as an agent may look at them: decoded and written anew, so that nothing of the sender's file is left.

EXIF (place, camera, time), colour profiles and whatever follows the picture go; the orientation is applied first.
"""

import io
import threading
from typing import IO

from PIL import Image, ImageOps

#: Pixels that are decoded at most: some 150 MB. A JPEG is decoded at a fraction of its size, and phones take 12 to 50
#: million; of the other formats every pixel is in memory at once.
MOST_JPEG_PIXELS = 50_000_000
MOST_PIXELS = 25_000_000
#: The longer side, in pixels.
THUMBNAIL_SIDE = 640
FULL_SIDE = 2560
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)
#: One picture is decoded at a time in a process, which bounds its memory.
_one_at_a_time = threading.Lock()


class PictureError(Exception):
    """The file cannot be shown as a picture: damaged, or too many pixels."""


def size_of(content: IO[bytes]) -> tuple[int, int]:
    """Width and height as looked at, from the head of the file alone; zeros if it does not say or is too large."""
    try:
        content.seek(0)
        with Image.open(content, formats=_FORMATS) as picture:
            width, height = picture.size
            if _is_too_large(picture):
                return 0, 0
            return (height, width) if picture.getexif().get(_ORIENTATION) in _TURNED else (width, height)
    except Exception:  # a damaged head raises whatever its decoder stumbles over
        return 0, 0


def shown_picture(content: IO[bytes], *, side: int) -> bytes:
    """The picture as WebP with no side longer than `side`, and nothing but its pixels. Raises PictureError."""
    with _one_at_a_time:
        try:
            return _encoded(content, side)
        except PictureError:
            raise
        except Exception as error:
            raise PictureError(type(error).__name__) from error


def _encoded(content: IO[bytes], side: int) -> bytes:
    content.seek(0)
    with Image.open(content, formats=_FORMATS) as picture:
        if _is_too_large(picture):
            raise PictureError("too many pixels")
        picture.draft("RGB", (side, side))
        has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
        mode = "RGBA" if has_alpha else "RGB"
        small = picture if picture.mode == mode else picture.convert(mode)
        small.thumbnail((side, side))
        upright = ImageOps.exif_transpose(small)
    # Pixels alone: `info` carries EXIF, profiles and comments into whatever is saved.
    bare = Image.frombytes(upright.mode, upright.size, upright.tobytes())
    written = io.BytesIO()
    bare.save(written, "WEBP", quality=82, method=4)
    return written.getvalue()


def _is_too_large(picture: Image.Image) -> bool:
    return picture.width * picture.height > (MOST_JPEG_PIXELS if picture.format == "JPEG" else MOST_PIXELS)
