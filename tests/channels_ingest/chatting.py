"""A browser on a shop's page: it speaks the chat's protocol over HTTP and keeps what a browser keeps."""

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import jwt
from django.http import HttpResponse
from django.test import Client

from channels_ingest import pipeline
from profiles.models import ChannelAccount

ORIGIN = "https://shop.example"
SECRET = "shop-identity-secret-of-32-bytes!"


def identity(account: ChannelAccount, *, secret: str = SECRET, **claims: Any) -> str:
    """A token as the shop's server signs it."""
    now = int(time.time())
    said = {
        "iss": "shop",
        "aud": f"hub:{account.key}",
        "sub": "42",
        "iat": now,
        "exp": now + 300,
        "jti": uuid.uuid4().hex,
        **claims,
    }
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(said, secret, algorithm="HS256", headers={"kid": "k1"})


@dataclass
class Browser:
    """One browser. `session` and `visitor` are the tokens it was given."""

    client: Client
    account: ChannelAccount
    origin: str = ORIGIN
    session: str = ""
    visitor: str = ""
    cursor: str = ""
    opened: dict[str, Any] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        sent = {"Origin": self.origin, **({"Authorization": f"Bearer {self.session}"} if self.session else {})}
        more = {"data": body, "content_type": "application/json"} if body is not None else {}
        return self.client.generic(
            method, f"/chat/v1/{path}", **_encoded(more), headers={**sent, **headers}, REMOTE_ADDR="203.0.113.7"
        )

    def open(self, **more: Any) -> HttpResponse:
        """A session, as at a page's first click on the chat."""
        body = {"widget_key": self.account.key, "visitor_token": self.visitor or None, **more}
        return self._keep(self.ask("POST", "sessions", body))

    def identify(self, token: str) -> HttpResponse:
        return self._keep(self.ask("POST", "identify", {"identity_jwt": token}))

    def _keep(self, answer: HttpResponse) -> HttpResponse:
        if answer.status_code == 200:
            self.opened = answer.json()
            self.session, self.visitor = self.opened["session_token"], self.opened["visitor_token"]
            self.cursor = ""
        return answer

    def write(self, text: str, client_id: str = "", **more: Any) -> HttpResponse:
        body = {"client_message_id": client_id or str(uuid.uuid4()), "text": text, **more}
        return self.ask("POST", "messages", body)

    def says(self, text: str, **more: Any) -> dict[str, Any]:
        """A message that was taken and worked."""
        answer = self.write(text, **more)
        assert answer.status_code == 201, answer.content
        pipeline.drain()
        return answer.json()

    def poll(self) -> list[dict[str, Any]]:
        """What is new."""
        answer = self.ask("GET", f"events?after={self.cursor}")
        assert answer.status_code == 200, answer.content
        self.cursor = answer.json()["cursor"]
        return answer.json()["events"]

    def texts(self) -> list[str]:
        return [event["text"] for event in self.poll()]

    @property
    def visitor_id(self) -> str:
        return str(self.opened["visitor_id"])


def _encoded(more: dict[str, Any]) -> dict[str, Any]:
    if "data" in more and not isinstance(more["data"], (bytes, str)):
        more["data"] = json.dumps(more["data"])
    return more
