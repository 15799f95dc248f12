"""Posting as Meta does: signed bytes, 200 or again, and not for ever."""

import json

import httpx
import pytest

from channels_ingest.adapters.base import AccountSettings, Delivery
from channels_ingest.adapters.whatsapp_cloud import ADAPTER
from channels_ingest.simulator.posting import MetaPoster, Posted

URL = "http://hub.example.com/webhooks/whatsapp_cloud/key/"


def post(*answers: int, patience_seconds: float = 20.0) -> tuple[Posted, list[httpx.Request], list[float]]:
    """Posts to a hub that gives `answers` in turn, the last one for ever; 0 breaks the connection."""
    requests: list[httpx.Request] = []
    pauses: list[float] = []

    def hub(request: httpx.Request) -> httpx.Response:
        answer = answers[min(len(requests), len(answers) - 1)]
        requests.append(request)
        if not answer:
            raise httpx.ConnectError("refused")
        return httpx.Response(answer)

    with httpx.Client(transport=httpx.MockTransport(hub)) as client:
        poster = MetaPoster(URL, "s3cret", client=client, patience_seconds=patience_seconds, sleep=pauses.append)
        return poster.post({"text": "Hallå 🎉"}), requests, pauses


def test_delivery_is_signed_as_the_adapter_wants_it() -> None:
    posted, [request], _ = post(200)

    assert (posted.status, posted.attempts, posted.is_accepted) == (200, 1, True)
    assert json.loads(request.content) == {"text": "Hallå 🎉"}
    delivery = Delivery(body=request.content, headers={name.lower(): value for name, value in request.headers.items()})
    assert ADAPTER.verify(delivery, AccountSettings(secrets={"app_secret": ["s3cret"]}))


@pytest.mark.parametrize("first", [0, 201, 302, 401, 503])
def test_anything_but_200_is_tried_again_at_once_with_the_same_bytes(first: int) -> None:
    posted, requests, pauses = post(first, 200)

    assert (posted.status, posted.attempts) == (200, 2)
    assert requests[0].content == requests[1].content
    assert pauses == [0.0]


def test_pauses_double_until_patience_ends() -> None:
    posted, requests, pauses = post(503, patience_seconds=3.0)

    assert (posted.status, posted.is_accepted) == (503, False)
    assert pauses == [0.0, 0.25, 0.5, 1.0, 2.0]
    assert len(requests) == 6
