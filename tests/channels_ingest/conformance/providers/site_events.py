"""A shop system that signs its events by Standard Webhooks; the signature is by the reference library."""

import json
from collections.abc import Sequence

from channels_ingest.adapters._standard_webhooks import WINDOW
from channels_ingest.adapters.site_events import ADAPTER
from tests.channels_ingest.conformance.description import Description
from tests.channels_ingest.conformance.providers.generic_signed import sign


def batch(messages: Sequence[tuple[str, str]]) -> bytes:
    said = [
        {
            "id": f"e-{key}",
            "kind": "page_view",
            "occurred_at": "2026-03-01T14:05:00Z",
            "identifiers": [{"kind": "customer_id", "value": "42"}],
            "detail": {"url": "https://shop.example/jackets", "title": text},
        }
        for text, key in messages
    ]
    return json.dumps(said).encode()


DESCRIPTION = Description(
    adapter=ADAPTER,
    values={"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "source": "shop"},
    signing="secret",
    another="whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    sign=sign,
    message=lambda text, key: batch([(text, key)]),
    batch=batch,
    payloads=["site-events-*.json"],
    window=WINDOW,
    makes=("page_view", "none"),
)
