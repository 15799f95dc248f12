"""`/media/`: files by signed link, without session or cookie, as nothing that a browser would run.

Served without middleware (`cxhub.wsgi`): every header is set here.
"""

import io
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import IO, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from channels_ingest.media import files, mail_html
from channels_ingest.media.bare import bare
from channels_ingest.media.pictures import FULL_SIDE, THUMBNAIL_SIDE, PictureError, shown_picture
from timeline.files import DOCUMENTS, OTHER_PICTURES, PICTURES, download_name, shown_as
from timeline.media_links import MediaLink, Variant, has_own_host, read_token
from timeline.pages.media import stored_file

Response = TypeVar("Response", bound=HttpResponseBase)

_CHUNK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
_SIDES = {Variant.THUMBNAIL: THUMBNAIL_SIDE, Variant.FULL: FULL_SIDE, Variant.EMBEDDED: FULL_SIDE}


@login_not_required
def serve(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """The file the token names, until it expires. `name` is for the reader of the address alone."""
    if request.method not in ("GET", "HEAD"):
        return _plain(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "GET, HEAD"})
    read = read_token(token)
    if read is None:
        return _plain(HTTPStatus.NOT_FOUND, "This link has expired. Open the message again.\n")
    link, seconds_left = read
    file = stored_file(link.entry_id, link.place)
    if file is None:
        return _plain(HTTPStatus.NOT_FOUND, "There is no such file.\n")
    try:
        response = _answer(request, link, file)
    except files.StorageError:
        return _plain(HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
    if response.status_code < 400:
        response["Cache-Control"] = f"private, max-age={seconds_left}"
    return response


def _answer(request: HttpRequest, link: MediaLink, file: dict[str, object]) -> HttpResponseBase:
    sha256 = str(file.get("sha256"))
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        return _plain(HTTPStatus.NOT_FOUND)
    if link.variant in (Variant.HTML, Variant.PICTURES):
        return mail_html.page(link, sha256)
    if link.variant in _SIDES:
        return _picture(link, sha256, str(file.get("mime_type")))
    return _as_it_came(request, link, file, sha256)


def _picture(link: MediaLink, sha256: str, mime_type: str) -> HttpResponseBase:
    """The picture re-encoded, made once and kept beside the original."""
    side = _SIDES[link.variant]
    name = f"shown/{side}/{files.name_of(sha256)}"
    made = files.open_content(name)
    if made is None:
        original = files.open_content(files.name_of(sha256)) if shown_as(mime_type) == "picture" else None
        if original is None:
            return _plain(HTTPStatus.NOT_FOUND)
        with original:
            try:
                content = shown_picture(original, side=side)
            except PictureError:
                return _plain(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "This picture cannot be shown. Save the file.\n")
        files.put_quietly(name, content)
    else:
        with made:
            content = made.read()
    response = HttpResponse(content, content_type="image/webp")
    response["Content-Disposition"] = "inline"
    return _guarded(response, is_embedded=link.variant is Variant.EMBEDDED)


def _as_it_came(request: HttpRequest, link: MediaLink, file: dict[str, object], sha256: str) -> HttpResponseBase:
    mime_type = str(file.get("mime_type"))
    name, content = _without_maker(sha256) if mime_type in PICTURES | OTHER_PICTURES else ("", None)
    if content is None:
        name = files.name_of(sha256)
        content = files.open_content(name)
    if content is None:
        return _plain(HTTPStatus.NOT_FOUND)
    is_played = link.variant is Variant.PLAY and shown_as(mime_type) in ("sound", "film")
    is_named = is_played or (
        link.variant is Variant.HANDED and (shown_as(mime_type) or mime_type in DOCUMENTS | OTHER_PICTURES)
    )
    size = content.seek(0, 2)
    etag = f'"{sha256}-{size}"'  # with its size, as a picture is not what it was
    response = _ranged(request, content, size, path=files.path_of(name) if name else "", etag=etag)
    response["Content-Type"] = mime_type if is_named else "application/octet-stream"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    shown_name = download_name(str(file.get("name") or ""), mime_type, otherwise="file")
    response["Content-Disposition"] = "inline" if is_played else str(content_disposition_header(True, shown_name))
    return _guarded(response)


def _without_maker(sha256: str) -> tuple[str, IO[bytes] | None]:
    """The picture as it came but for EXIF and the like, made once, and its name in storage; None for a damaged one."""
    name = f"shown/bare/{files.name_of(sha256)}"
    if (made := files.open_content(name)) is not None:
        return name, made
    original = files.open_content(files.name_of(sha256))
    if original is None:
        return "", None
    with original:
        try:
            content = bare(original.read())
        except Exception:  # a damaged picture raises whatever its reader stumbles over
            return "", None
    files.put_quietly(name, content)
    return "", io.BytesIO(content)


def _ranged(request: HttpRequest, content: IO[bytes], size: int, *, path: str, etag: str) -> HttpResponseBase:
    """The bytes asked for: one range, or everything. What is no range is answered in full, as RFC 9110 allows.

    `located` tells the web process (`cxhub.streaming`) where the same bytes lie, so that it need not read them here.
    """
    first, last, status = 0, size - 1, HTTPStatus.OK
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if asked and (asked[1] or asked[2]) and request.headers.get("If-Range", etag) == etag:
        first = int(asked[1]) if asked[1] else max(0, size - int(asked[2]))
        last = min(int(asked[2]), size - 1) if asked[1] and asked[2] else size - 1
        if first >= size or last < first:
            content.close()
            return _plain(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers={"Content-Range": f"bytes */{size}"})
        status = HTTPStatus.PARTIAL_CONTENT
    response: HttpResponseBase
    if request.method == "HEAD":
        content.close()
        response = HttpResponse(status=status)
    else:
        content.seek(first)
        response = StreamingHttpResponse(_Chunks(content, last - first + 1), status=status)
        if path and size:
            response.located = (path, first, last + 1)  # type: ignore[attr-defined]
    response["Content-Length"] = str(last - first + 1)
    if status == HTTPStatus.PARTIAL_CONTENT:
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    return response


class _Chunks:
    """The next `left` bytes of a file in chunks; closing it closes the file, which Django does with the response."""

    def __init__(self, content: IO[bytes], left: int) -> None:
        self._content, self._left = content, left

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self._content.read(min(self._left, _CHUNK_BYTES)) if self._left > 0 else b""
        if not chunk:
            self.close()
            raise StopIteration
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        self._content.close()


def _guarded(response: Response, *, is_embedded: bool = False) -> Response:
    """The response with what keeps a browser from treating a stranger's file as anything but a file.

    An embedded picture stands in a sandboxed frame, which no origin is the same as: there the signed link is the guard.
    """
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["X-Frame-Options"] = "DENY"
    response["Referrer-Policy"] = "no-referrer"
    response["Cross-Origin-Resource-Policy"] = "cross-origin" if is_embedded or has_own_host() else "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _plain(status: HTTPStatus, text: str = "", *, headers: dict[str, str] | None = None) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8", headers=headers)
    response["Cache-Control"] = "no-store"
    return _guarded(response)
