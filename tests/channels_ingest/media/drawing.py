"""Files to send: pictures with a past, a sound, and what only pretends to be one."""

import io
from typing import Any

from PIL import Image

GPS_TAG = 0x8825
ORIENTATION_TAG = 0x0112


def picture(form: str = "JPEG", size: tuple[int, int] = (60, 40), **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, form, **more)
    return out.getvalue()


def phone_photo() -> bytes:
    """A photo as a phone takes it: lying on its side, left half red, with place, camera and a secret after it."""
    drawn = Image.new("RGB", (800, 600), "blue")
    drawn.paste("red", (0, 0, 400, 600))
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = 6
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(GPS_TAG)[1] = "N"
    out = io.BytesIO()
    drawn.save(out, "JPEG", exif=exif, comment=b"SecretComment")
    return out.getvalue() + b"SecretTrailer<script>alert(1)</script>"


OGG = b"OggS\0\2" + b"\0" * 22 + b"OpusHead" + bytes(range(256)) * 40
