"""Origins of web sites, compared exactly: `https://shop.example`, without path, user or wildcard."""

import re
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]")


def origin_of(text: str) -> str:
    """The origin as browsers write it in their `Origin` header; empty for what is none."""
    try:
        parts = urlsplit(text.strip().rstrip("/").lower())
        port = parts.port
    except ValueError:
        return ""
    host = parts.netloc.removesuffix(f":{port}") if port else parts.netloc
    if parts.scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(host) or parts.path or parts.query or parts.fragment:
        return ""
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != _DEFAULT_PORTS[parts.scheme] else "")


def origins_in(text: str) -> frozenset[str]:
    """The origins of a list with commas or spaces between; what is none is left out, so that it opens nothing."""
    return frozenset(filter(None, map(origin_of, re.split(r"[\s,]+", text))))


def check_origins(text: str) -> str:
    """What is wrong with a list of origins, in words; empty if nothing is."""
    words = [word for word in re.split(r"[\s,]+", text) if word]
    if not words or not all(map(origin_of, words)):
        return "expected origins such as https://shop.example, commas between, without a path or a wildcard"
    return ""
