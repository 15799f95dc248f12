"""AWS Signature Version 4 of one request (AWS, "Create a signed AWS API request", read 2026-11)."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"


def signed_headers(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    access_key_id: str,
    secret_access_key: str,
    region: str,
    service: str,
    at: datetime,
) -> dict[str, str]:
    """`headers` with those that sign the request: `host`, `x-amz-date`, `authorization`, for S3 the body's digest."""
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    signed = {name.lower(): value for name, value in headers.items()}
    signed |= {"host": urlsplit(url).netloc, "x-amz-date": stamp}
    if service == "s3":
        signed["x-amz-content-sha256"] = digest
    names = ";".join(sorted(signed))
    canonical = "\n".join([method, _path(url, service), _query(url), *_lines(signed), "", names, digest])
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret_access_key}".encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**signed, "authorization": f"{ALGORITHM} {credential}"}


def _path(url: str, service: str) -> str:
    """Encoded once for S3, and what stands in the URL encoded once more for every other service."""
    path = urlsplit(url).path or "/"
    return quote(unquote(path), safe="/~") if service == "s3" else quote(path, safe="/~")


def _query(url: str) -> str:
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(pairs))


def _lines(headers: Mapping[str, str]) -> list[str]:
    return [f"{name}:{' '.join(headers[name].split())}" for name in sorted(headers)]
