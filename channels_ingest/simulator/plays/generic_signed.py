"""A gateway that speaks the hub's own JSON."""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from channels_ingest.adapters._standard_webhooks import signature
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.reading import as_list, as_object, as_word
from channels_ingest.adapters.sending import Answer, HttpRequest
from channels_ingest.simulator.plays.base import Person, Play, Post, Taken
from timeline.entries import Delivery

_REPORTED = (Delivery.SENT, Delivery.DELIVERED, Delivery.READ, Delivery.FAILED)


class GatewayPlay:
    """See `base.Play`."""

    provider = "generic_signed"

    def take(self, request: HttpRequest) -> Taken | Answer:
        """The message of a call to the gateway, or its refusal."""
        if request.method != "POST" or not urlsplit(request.url).path.endswith("/messages"):
            return _refusal(404, "not_found", "no such address")
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return _refusal(401, "unauthorized", "a bearer token is needed")
        try:
            said = as_object(json.loads(request.body))
        except (ValueError, RecursionError):
            said = {}
        to, text, template = as_word(said.get("to")), said.get("text", ""), as_object(said.get("template"))
        if not to or not isinstance(text, str) or not (text or template or said.get("attachments")):
            return _refusal(422, "invalid", "expected to, and a text, a template or attachments")
        return Taken(
            message_id=f"gw-{secrets.token_hex(12)}",
            to=to,
            text=text or as_word(template.get("name")),
            reference=as_word(said.get("reference")),
            extra={
                "reply_to": as_word(said.get("reply_to")),
                "files": "\n".join(as_word(as_object(each).get("url")) for each in as_list(said.get("attachments"))),
            },
        )

    def answer(self, taken: Taken) -> Answer:
        """What the gateway says once it took the message."""
        body = json.dumps({"id": taken.message_id}).encode()
        return Answer(status=202, body=body, headers={"content-type": "application/json"})

    def refuse(self, code: str) -> Answer:
        """The gateway's refusal with a code, or with an HTTP status."""
        is_status = code.isascii() and code.isdigit() and 400 <= int(code[:6]) < 600
        return _refusal(int(code) if is_status else 422, code or "refused", "the simulator was told to refuse it")

    def status(
        self, taken: Taken, delivery: Delivery, at: datetime, account: AccountSettings, *, webhook_url: str
    ) -> Post | None:
        """The signed status."""
        if delivery not in _REPORTED:
            return None
        said: dict[str, Any] = {
            "type": "status",
            "id": taken.message_id,
            "reference": taken.reference,
            "status": delivery.value,
            "at": at.isoformat(),
        }
        if delivery is Delivery.FAILED:
            code = taken.extra.get("failure", "unreachable")
            said["error"] = {"code": code, "message": "the phone is out of reach", "closes": "unreachable"}
        return signed(webhook_url, said, account)

    def incoming(
        self, person: Person, text: str, at: datetime, account: AccountSettings, *, webhook_url: str, answers: str = ""
    ) -> Post:
        """A message of a customer."""
        said = {
            "type": "message",
            "id": f"gw-{secrets.token_hex(12)}",
            "at": at.isoformat(),
            "from": {"address": person.address, "name": person.name},
            "text": text,
            "reply_to": answers,
        }
        return signed(webhook_url, said, account)


def signed(url: str, said: Mapping[str, Any], account: AccountSettings) -> Post:
    """The delivery, signed with the account's newest secret and stamped with this attempt's time."""
    body = json.dumps(said).encode()
    secret = next((secret for secret in account.secrets.get("secret", ()) if secret), "")
    message_id, now = f"msg_{secrets.token_hex(12)}", datetime.now(UTC)
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature(secret, message_id, now, body),
    }
    return Post(url=url, headers=headers, body=body)


def _refusal(status: int, code: str, message: str) -> Answer:
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    return Answer(status=status, body=body, headers={"content-type": "application/json"})


PLAY: Play = GatewayPlay()
