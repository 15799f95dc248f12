"""Posts signed deliveries to a webhook and retries them as Meta does."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from channels_ingest.simulator import meta
from channels_ingest.simulator.shop import Call

FIRST_PAUSE_SECONDS = 0.25
ATTEMPT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """How a delivery ended: the last HTTP status (0: no answer), after how many attempts and how long."""

    status: int
    attempts: int
    seconds: float

    @property
    def is_accepted(self) -> bool:
        """Whether Meta would consider it delivered: 200 and nothing else."""
        return self.status == 200


class MetaPoster:
    """Posts to one webhook in Meta's name.

    What is not answered with 200 is tried again at once, then with doubled pauses, until `patience_seconds` are over
    (Meta goes on for days).
    """

    def __init__(
        self,
        url: str,
        app_secret: str,
        *,
        client: httpx.Client,
        patience_seconds: float = 20.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url
        self.patience_seconds = patience_seconds
        self._app_secret = app_secret
        self._client = client
        self._sleep = sleep

    def post(self, payload: dict[str, Any]) -> Posted:
        """Posts `payload` until it is accepted or patience ends."""
        return self.post_bytes(meta.body_of(payload))

    def post_bytes(self, body: bytes) -> Posted:
        """The same for a body that is already written."""
        began, pause, attempts = time.monotonic(), 0.0, 0
        while True:
            attempts += 1
            status = self._attempt(body)
            spent = time.monotonic() - began
            if status == 200 or spent + pause > self.patience_seconds:
                return Posted(status=status, attempts=attempts, seconds=spent)
            self._sleep(pause)
            pause = pause * 2 or FIRST_PAUSE_SECONDS

    def _attempt(self, body: bytes) -> int:
        headers = meta.headers_of(body, self._app_secret)
        try:
            return self._client.post(self.url, content=body, headers=headers, timeout=ATTEMPT_SECONDS).status_code
        except httpx.TransportError:
            return 0


class ShopPoster:
    """Posts to the evidence API as the shop's own server does, with its token."""

    def __init__(self, base_url: str, token: str, *, client: httpx.Client) -> None:
        self.base_url = base_url
        self._token = token
        self._client = client

    def post(self, call: Call) -> bool:
        """Posts the call; whether the hub has stored it. Posted again it is the same one."""
        headers = {"authorization": f"Bearer {self._token}", "idempotency-key": call.key}
        url = f"{self.base_url}/api/v1/{call.call}/"
        try:
            answer = self._client.post(url, json=call.items, headers=headers, timeout=ATTEMPT_SECONDS)
        except httpx.TransportError:
            return False
        return answer.status_code == 202
