"""Meta's side of WhatsApp Cloud: the messages endpoint of the Graph API, and its signed webhooks."""

import base64
import hashlib
import json
import uuid
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from channels_ingest.adapters import _whatsapp_files
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.mail.forms import read_form
from channels_ingest.adapters.sending import Answer, HttpRequest
from channels_ingest.simulator import meta, payloads, sample_templates
from channels_ingest.simulator.payloads import Customer, Line
from channels_ingest.simulator.plays.base import Person, Post, Taken
from channels_ingest.simulator.samples import sample_of
from timeline.entries import Delivery

#: Of Meta's samples: an account without a number id takes every number's.
UNSET_NUMBER_ID = "106540352242922"

_UPLOADED = "4490709327384033"
_STATUS = {
    Delivery.SENT: "sent",
    Delivery.DELIVERED: "delivered",
    Delivery.READ: "read",
    Delivery.FAILED: "failed",
}


class WhatsAppCloudPlay:
    """See `plays.base.Play`."""

    provider = "whatsapp_cloud"

    def take(self, request: HttpRequest) -> Taken | Answer:
        """A message to one person, as the Cloud API checks it."""
        path = urlsplit(request.url).path
        if request.method == "POST" and path.endswith("/media"):
            return _upload(request)
        if request.method != "POST" or not path.endswith("/messages"):
            return _error(404, 100, "Unknown path components")
        return _message(request)

    def templates(self, request: HttpRequest) -> Answer | None:
        """The templates of the business account."""
        if request.method != "GET" or not urlsplit(request.url).path.endswith("/message_templates"):
            return None
        body = json.dumps(sample_templates.as_meta()).encode()
        return Answer(status=200, body=body, headers={"content-type": "application/json"})

    def media(self, request: HttpRequest) -> Answer:
        """Where a file is, or the file."""
        place, _, name = urlsplit(request.url).path.rpartition("/")
        found = sample_of(name)
        if found is None:
            return _error(404, 100, "Unsupported get request. Object does not exist")
        if place.endswith("/files"):
            return Answer(status=200, body=found[1], headers={"content-type": "application/octet-stream"})
        told = {
            "messaging_product": "whatsapp",
            "url": f"{request.url.rpartition('/')[0]}/files/{name}",
            "sha256": hashlib.sha256(found[1]).hexdigest(),
            "file_size": len(found[1]),
            "id": name,
        }
        return Answer(status=200, body=json.dumps(told).encode(), headers={"content-type": "application/json"})

    def answer(self, taken: Taken) -> Answer:
        """The id of the message, as Meta gives it."""
        contact = {"input": taken.to, "wa_id": taken.to} if _is_number(taken.to) else {"input": taken.to}
        document = {
            "messaging_product": "whatsapp",
            "contacts": [contact],
            "messages": [{"id": taken.message_id, "message_status": "accepted"}],
        }
        return Answer(status=200, body=json.dumps(document).encode(), headers={"content-type": "application/json"})

    def refuse(self, code: str) -> Answer:
        """Meta's refusal with an error code; rate limits come as 429, the others as 400."""
        number = int(code) if code.isdecimal() else 131000
        status = 429 if number in (4, 80007, 130429, 131048, 131056) else 500 if number == 131000 else 400
        return _error(status, number, payloads.FAILURES.get(number, "Something went wrong"))

    def status(
        self, taken: Taken, delivery: Delivery, at: datetime, account: AccountSettings, *, webhook_url: str
    ) -> Post | None:
        """A status with our reference in it."""
        if delivery not in _STATUS:
            return None
        code = taken.extra.get("failure", "")
        failure = int(code) if code.isdecimal() else 131026
        happening = payloads.status(
            line_of(account), _customer(taken.to), _STATUS[delivery], of=taken.message_id, at=at, failure=failure
        )
        if taken.reference:
            happening.piece["biz_opaque_callback_data"] = taken.reference
        return _signed(payloads.payload_of([happening]), account, webhook_url)

    def incoming(
        self, person: Person, text: str, at: datetime, account: AccountSettings, *, webhook_url: str, answers: str = ""
    ) -> Post:
        """A text of the customer."""
        line, customer = line_of(account), _customer(person.address, person.name)
        context = {"context": {"from": line.display_number, "id": answers}} if answers else {}
        wamid = payloads.wamid_of("play", uuid.uuid4().hex)
        happening = payloads.text_message(line, customer, text, wamid=wamid, at=at, **context)
        return _signed(payloads.payload_of([happening]), account, webhook_url)


def line_of(account: AccountSettings) -> Line:
    """The account's number as Meta knows it."""
    return Line(
        account_id=account.plain.get("simulated_account_id") or "102290129340398",
        number_id=account.plain.get("phone_number_id") or UNSET_NUMBER_ID,
        display_number=account.plain.get("simulated_number") or "15550783881",
    )


def _message(request: HttpRequest) -> Taken | Answer:
    """A message as Meta takes it, or its refusal."""
    try:
        asked: Any = json.loads(request.body)
    except ValueError:
        return _error(400, 100, "The body is no JSON")
    if not isinstance(asked, dict) or asked.get("messaging_product") != "whatsapp":
        return _error(400, 100, "(#100) The parameter messaging_product is required.")
    to = str(asked.get("to") or asked.get("recipient") or "")
    if not to:
        return _error(400, 131008, "Parameter to or recipient is required")
    kind = str(asked.get("type") or "text")
    content = asked.get(kind)
    if not isinstance(content, dict):
        return _error(400, 131008, f"Parameter {kind} is required")
    text = str(content.get("body") or content.get("caption") or content.get("name") or "")
    extra = {"type": kind, "addressed": "to" if asked.get("to") else "recipient"}
    if isinstance(asked.get("context"), dict):
        extra["answers"] = str(asked["context"].get("message_id") or "")
    if kind in ("image", "video", "audio", "document"):
        if not str(content.get("id") or "").startswith(_UPLOADED):
            return _error(400, 131009, "The media id is not valid")
        extra["files"] = f"{kind}: {content.get('filename') or content['id']}"
    if kind == "template":
        extra["template"] = json.dumps(content)
    return Taken(
        message_id="wamid.HBgL" + base64.b64encode(uuid.uuid4().bytes + uuid.uuid4().bytes[:14]).decode(),
        to=to,
        text=text,
        reference=str(asked.get("biz_opaque_callback_data") or ""),
        extra=extra,
    )


def _upload(request: HttpRequest) -> Answer:
    """Meta's id of a file; it knows the types by what it is told."""
    fields = read_form(request.body)
    file = fields.first("file")
    if fields.text("messaging_product") != "whatsapp" or file is None or not file.content:
        return _error(400, 100, "(#100) The parameter file is required.")
    if fields.text("type") not in _whatsapp_files.RULES.most_bytes:
        return _error(400, 100, "Param file must be a file with one of the following types: audio/aac, …")
    said = {"id": f"{_UPLOADED}{hashlib.sha256(file.content).hexdigest()[:15]}"}
    return Answer(status=200, body=json.dumps(said).encode(), headers={"content-type": "application/json"})


def _customer(address: str, name: str = "") -> Customer:
    number = address.removeprefix("+")
    return Customer(name=name, wa_id=number) if _is_number(address) else Customer(name=name, user_id=address)


def _is_number(address: str) -> bool:
    return address.removeprefix("+").isdecimal()


def _error(status: int, code: int, message: str) -> Answer:
    error = {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code, "fbtrace_id": "simulated"}
    headers = {"content-type": "application/json"}
    return Answer(status=status, body=json.dumps({"error": error}).encode(), headers=headers)


def _signed(payload: payloads.Json, account: AccountSettings, webhook_url: str) -> Post:
    body = meta.body_of(payload)
    secret = next((value for value in account.secrets.get("app_secret", ()) if value), "")
    return Post(url=webhook_url, headers=meta.headers_of(body, secret), body=body)


PLAY = WhatsAppCloudPlay()
