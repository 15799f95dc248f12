"""A file is what its bytes say."""

import io
import time

import pytest
from PIL import Image

from channels_ingest.media.kinds import type_of_bytes


def drawn(form: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(out, form)
    return out.getvalue()


CASES = [
    ("jpeg", drawn("JPEG"), "image/png", "image/jpeg"),
    ("png", drawn("PNG"), "", "image/png"),
    ("gif", drawn("GIF"), "", "image/gif"),
    ("webp", drawn("WEBP"), "", "image/webp"),
    ("voice note", b"OggS\0\2" + b"\0" * 22 + b"OpusHead" + b"\0" * 30, "audio/ogg; codecs=opus", "audio/ogg"),
    ("mp4", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "video/mp4", "video/mp4"),
    ("mp4 sound by its brand", b"\0\0\0\x18ftypM4A \0\0\2\0", "", "audio/mp4"),
    ("mp4 sound by the sender's word", b"\0\0\0\x18ftypisom\0\0\2\0", "audio/mp4", "audio/mp4"),
    ("HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "video/mp4", "image/heic"),
    ("AVIF", b"\0\0\0\x18ftypavif\0\0\0\0", "", "image/avif"),
    ("3gp", b"\0\0\0\x18ftyp3gp4\0\0\2\0", "", "video/3gpp"),
    ("webm", b"\x1aE\xdf\xa3....webm", "", "video/webm"),
    ("mp3", b"\xff\xfb\x90\x00" + b"\0" * 50, "", "audio/mpeg"),
    ("aac", b"\xff\xf1\x50\x80" + b"\0" * 50, "", "audio/aac"),
    ("amr", b"#!AMR\n123", "audio/ogg", "audio/amr"),
    ("pdf", b"%PDF-1.4\n", "image/jpeg", "application/pdf"),
    (
        "docx",
        b"PK\x03\x04" + b"\0" * 40,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("zip that claims to be a picture", b"PK\x03\x04" + b"\0" * 40, "image/png", "application/zip"),
    ("html as png", b"<!DOCTYPE html><script>alert(1)</script>", "image/png", "text/html"),
    ("html after a comment", b"<!-- x -->\n<html><body>", "text/plain", "text/html"),
    ("html fragment", b"<script src=//e></script>", "text/plain", "text/html"),
    (
        "svg",
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        "image/jpeg",
        "image/svg+xml",
    ),
    ("svg with a prefix", b"<x:svg xmlns:x='http://www.w3.org/2000/svg'/>", "image/png", "image/svg+xml"),
    ("program", b"MZ\x90\0" + b"\0" * 200, "image/jpeg", "application/vnd.microsoft.portable-executable"),
    ("elf", b"\x7fELF\2\1\1" + b"\0" * 60, "audio/mpeg", "application/x-executable"),
    ("shell script", b"#!/bin/sh\nrm -rf /\n", "text/plain", "text/x-shellscript"),
    ("csv", "name,city\nZoë,Köln\n".encode(), "text/csv", "text/csv"),
    ("text that claims to be a picture", b"hello there", "image/jpeg", "text/plain"),
    ("text cut within a character", "é".encode() * 2047 + b"a" + b"\xc3", "text/plain", "text/plain"),
    ("nothing", b"", "", "text/plain"),
    ("noise", bytes(range(128, 250)) * 3, "image/png", "application/octet-stream"),
    ("riff of another kind", b"RIFF....XXXX", "image/webp", "application/octet-stream"),
]


@pytest.mark.parametrize(("content", "declared", "found"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_type_is_told_by_the_bytes(content: bytes, declared: str, found: str) -> None:
    assert type_of_bytes(content, declared) == found


def test_many_comments_take_no_time_to_tell() -> None:
    started = time.process_time()
    assert type_of_bytes(b"<!---->" * 500 + b"x") == "text/plain"
    assert type_of_bytes(b" <!-- a --> " * 100 + b"<!doctype html>") == "text/html"
    assert time.process_time() - started < 1
