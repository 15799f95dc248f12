"""A shop's server: it posts with an ingest token, the workers read, and the receipt says how that went."""

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client

from channels_ingest import pipeline

AT = "2026-03-01T14:05:00Z"


def introduction(**more: Any) -> dict[str, Any]:
    return {"source": "shop", "identifiers": [{"kind": "customer_id", "value": "42"}], **more}


def event(event_id: str = "e.1", **more: Any) -> dict[str, Any]:
    detail = {"url": "https://shop.example/jackets/blue", "title": "Blue jacket"}
    item = {"source": "shop", "id": event_id, "kind": "page_view", "occurred_at": AT, "detail": detail}
    return {**item, "identifiers": [{"kind": "customer_id", "value": "42"}], **more}


@dataclass
class Shop:
    """Posts as the shop's server."""

    client: Client
    headers: dict[str, str]

    def post(self, call: str, body: Any, **headers: str) -> HttpResponse:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(
            f"/api/v1/{call}/", raw, content_type="application/json", headers={**self.headers, **headers}
        )

    def told(self, call: str, body: Any, **headers: str) -> list[dict[str, Any]]:
        """The outcomes of a call that was accepted and worked."""
        answer = self.post(call, body, **headers)
        assert answer.status_code == 202, answer.content
        pipeline.drain()
        return self.outcomes(answer)

    def outcomes(self, answer: HttpResponse) -> list[dict[str, Any]]:
        return self.receipt(answer)["items"]

    def receipt(self, answer: HttpResponse) -> dict[str, Any]:
        looked_up = self.client.get(answer.json()["url"].removeprefix("http://127.0.0.1:8000"), headers=self.headers)
        assert looked_up.status_code == 200, looked_up.content
        return looked_up.json()
