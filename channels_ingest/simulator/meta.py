"""A delivery in Meta's name: its bytes and the headers that sign them."""

import json
from collections.abc import Mapping
from typing import Any

from channels_ingest.signatures import sha256_hex


def body_of(payload: Mapping[str, Any]) -> bytes:
    """The payload as Meta writes it: everything beyond ASCII is escaped, so the bytes signed are these."""
    return json.dumps(payload, separators=(",", ":")).encode()


def headers_of(body: bytes, app_secret: str) -> dict[str, str]:
    """What Meta sends with a body."""
    return {
        "content-type": "application/json",
        "user-agent": "facebookexternalua",
        "x-hub-signature-256": f"sha256={sha256_hex(app_secret, body)}",
    }
