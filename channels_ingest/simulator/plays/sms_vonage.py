"""Vonage's Messages API for text messages, with its signed webhooks."""

import hashlib
import json
import re
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import jwt

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.reading import as_object, as_word
from channels_ingest.adapters.sending import Answer, HttpRequest
from channels_ingest.simulator.plays.base import Person, Play, Post, Taken
from timeline.entries import Delivery

#: Whose number the line has when none is set: of the range that regulators keep for films.
OUR_NUMBER = "447700900000"
_WORDS: Mapping[Delivery, str] = MappingProxyType(
    {Delivery.SENT: "submitted", Delivery.DELIVERED: "delivered", Delivery.FAILED: "undeliverable"}
)
_ERRORS = "https://developer.vonage.com/api-errors"


class SmsVonagePlay:
    """See `base.Play`. Nobody knows whether a text message was read."""

    provider = "sms_vonage"

    def take(self, request: HttpRequest) -> Taken | Answer:
        """The message of a call to `/v1/messages`, or Vonage's refusal of it."""
        if request.method != "POST" or not urlsplit(request.url).path.endswith("/v1/messages"):
            return _problem(404, f"{_ERRORS}#not-found", "Not found", "The requested resource does not exist")
        if not request.headers.get("authorization", "").startswith(("Basic ", "Bearer ")):
            return _problem(401, f"{_ERRORS}#unauthorized", "Unauthorized", "You did not provide correct credentials.")
        try:
            said = as_object(json.loads(request.body))
        except (ValueError, RecursionError):
            said = {}
        to, text = as_word(said.get("to")), said.get("text")
        if not re.fullmatch(r"\d{3,15}", to):
            return _problem(422, f"{_ERRORS}/messages#1170", "Invalid params", "Check the to parameter")
        if not isinstance(text, str) or not 0 < len(text) <= 1_000:
            return _problem(422, f"{_ERRORS}/messages#1020", "Invalid params", "Check the text parameter")
        return Taken(
            message_id=str(uuid.uuid4()),
            to=to,
            text=text,
            reference=as_word(said.get("client_ref")),
            status_url=as_word(said.get("webhook_url")),
        )

    def answer(self, taken: Taken) -> Answer:
        """Vonage's answer to a message it took."""
        body = json.dumps({"message_uuid": taken.message_id}).encode()
        return Answer(status=202, body=body, headers={"content-type": "application/json"})

    def refuse(self, code: str) -> Answer:
        """The API's refusal with an error code of Vonage's, or with an HTTP status."""
        number = int(code) if code.isascii() and code.isdigit() and len(code) < 6 else 422
        status = number if 400 <= number < 600 else 429 if number == 1000 else 422
        return _problem(status, f"{_ERRORS}/messages#{number}", "Refused", "The simulator was told to refuse it")

    def status(
        self, taken: Taken, delivery: Delivery, at: datetime, account: AccountSettings, *, webhook_url: str
    ) -> Post | None:
        """The status webhook, posted to the address given along, else to the application's."""
        word = _WORDS.get(delivery)
        if word is None:
            return None
        said: dict[str, Any] = {
            "message_uuid": taken.message_id,
            "to": taken.to,
            "from": _our_number(account),
            "timestamp": at.isoformat().replace("+00:00", "Z"),
            "status": word,
            "channel": "sms",
            "client_ref": taken.reference,
            "usage": {"currency": "EUR", "price": "0.0333"},
        }
        if delivery is Delivery.FAILED:
            code = taken.extra.get("failure", "1180")
            said["error"] = {
                "type": f"{_ERRORS}/messages#{code}",
                "title": code,
                "detail": "The simulator was told that it fails",
                "instance": str(uuid.uuid4()),
            }
        return _signed(taken.status_url or webhook_url, said, at, account)

    def incoming(
        self, person: Person, text: str, at: datetime, account: AccountSettings, *, webhook_url: str, answers: str = ""
    ) -> Post:
        """A text message of a customer."""
        said = {
            "channel": "sms",
            "message_uuid": str(uuid.uuid4()),
            "to": _our_number(account),
            "from": person.address,
            "timestamp": at.isoformat().replace("+00:00", "Z"),
            "message_type": "text",
            "text": text,
            "sms": {"num_messages": "1"},
            "usage": {"currency": "EUR", "price": "0.0333"},
        }
        return _signed(webhook_url, said, at, account)


def _our_number(account: AccountSettings) -> str:
    return account.plain.get("from", "").removeprefix("+") or OUR_NUMBER


def _signed(url: str, said: Mapping[str, Any], at: datetime, account: AccountSettings) -> Post:
    """The webhook with its token, signed with the account's newest secret."""
    body = json.dumps(said).encode()
    secret = next((secret for secret in account.secrets.get("signature_secret", ()) if secret), "")
    claims = {
        "iat": int(at.timestamp()),
        "jti": secrets.token_hex(16),
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": account.plain.get("api_key", "abcd1234"),
        "application_id": account.plain.get("application_id", ""),
    }
    token = jwt.encode(claims, secret, algorithm="HS256")
    headers = {"content-type": "application/json", "user-agent": "Vonage/1.0", "authorization": f"Bearer {token}"}
    return Post(url=url, headers=headers, body=body)


def _problem(status: int, kind: str, title: str, detail: str) -> Answer:
    """An error as Vonage words it (RFC 7807)."""
    said = {"type": kind, "title": title, "detail": detail, "instance": str(uuid.uuid4())}
    return Answer(status=status, body=json.dumps(said).encode(), headers={"content-type": "application/problem+json"})


PLAY: Play = SmsVonagePlay()
