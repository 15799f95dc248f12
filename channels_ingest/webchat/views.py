"""The calls of the chat. Each checks, stores one envelope or reads, and answers; the pipeline reads it."""

import uuid
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse

from channels_ingest.accounts import Line
from channels_ingest.adapters import webchat
from channels_ingest.adapters.base import clean
from channels_ingest.adapters.reading import as_word
from channels_ingest.media.files import StorageError
from channels_ingest.webchat import calls, conversation, limits, tickets, tokens, visitors
from channels_ingest.webchat.asking import (
    Asked,
    AskedWrongError,
    answer_of,
    body_of,
    call,
    check_limit,
    check_origin,
    in_session,
    line_of,
    nothing,
    session_of,
)
from channels_ingest.webchat.asking_who import form_of
from channels_ingest.webchat.identity_tokens import IdentityError, Proved, prove
from channels_ingest.webchat.pages import page_of
from channels_ingest.webchat.texts import texts_of
from channels_ingest.webchat.typing import tell_agents_typing
from channels_ingest.webchat.uploads import MOST_BYTES, UploadError, attachments_of, take
from channels_ingest.webchat.visitors import Opened, open_session
from profiles.identity.canonical import is_valid_phone, phone_value
from timeline.snapshots import CursorError

LONGEST_CLIENT_ID = 100
FILE_NAME = "X-File-Name"
#: What `cxhub.front` reads of an answer without news: whose news it is to wait for. It goes no further.
WAITS_FOR = "X-Chat-Waits-For"
#: What it reads of an answer to a ticket: whose events it is to stream. It goes no further either.
STREAMS_FOR = "X-Chat-Streams-For"


@call("POST", "DELETE")
def sessions(request: HttpRequest) -> HttpResponse:
    """Opens a session, or ends it."""
    return _end(request) if request.method == "DELETE" else _open(request)


def _open(request: HttpRequest) -> HttpResponse:
    given = body_of(request)
    line = line_of(given.get("widget_key"))
    check_origin(request, line)
    visitor_token = as_word(given.get("visitor_token"))
    check_limit(request, limits.SESSIONS, tokens.hash_of(visitor_token) if visitor_token else "")
    session = session_of(request)
    opened = _opened(
        line,
        visitor_token=visitor_token,
        session=session if session and session.widget == line.key else None,
        proof=_proof(given.get("identity_jwt"), line),
    )
    return answer_of(_session(opened, line, given.get("locale")))


@in_session(limits.SESSIONS, "DELETE")
def _end(asked: Asked) -> HttpResponse:
    """The visitor is gone from this browser: for shared computers, and for the site's own log-out."""
    visitors.end(asked.visitor)
    return nothing()


@in_session(limits.SESSIONS, "POST")
def identify(asked: Asked) -> HttpResponse:
    """The customer who is logged in on the site, in a session that runs; it answers as a new session does."""
    given = asked.body()
    proof = _proof(given.get("identity_jwt") or "", asked.line)
    opened = _opened(asked.line, session=asked.session, proof=proof)
    return answer_of(_session(opened, asked.line, given.get("locale")))


@in_session(limits.MESSAGES, "POST")
def messages(asked: Asked) -> HttpResponse:
    """A message: 201 means that it is a committed row, 200 that it was one before."""
    given = asked.body()
    client_id, text = as_word(given.get("client_message_id")).strip(), clean(given.get("text")).strip()
    if not client_id or len(client_id) > LONGEST_CLIENT_ID:
        raise AskedWrongError(HTTPStatus.UNPROCESSABLE_ENTITY, "client_message_id: expected a UUID or another short id")
    files = _files(asked, given.get("upload_ids"))
    if not (1 if not files else 0) <= len(text) <= webchat.LONGEST_TEXT:
        raise AskedWrongError(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"text: expected 1 to {webchat.LONGEST_TEXT} characters, got {len(text)}"
        )
    body: dict[str, Any] = {"client_message_id": client_id, "text": text, "page": page_of(given.get("page"))}
    body |= {"attachments": files} if files else {}
    key = webchat.message_key(asked.visitor.public_id, client_id)
    visitors.note_written(asked.visitor)
    kept = _keep(asked, webchat.MESSAGE, key, body)
    if kept.body.get("text") != text or kept.body.get("attachments", []) != files:
        raise AskedWrongError(HTTPStatus.CONFLICT, "client_message_id: it was used for another message")
    document = {
        "type": "message",
        "id": key,
        "client_message_id": client_id,
        "from": "visitor",
        "text": text,
        "at": kept.received_at.isoformat(),
    }
    return answer_of(document, 201 if kept.is_new else 200)


def _files(asked: Asked, ids: object) -> list[dict[str, Any]]:
    """What the message says of the files it names."""
    if not ids:
        return []
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise AskedWrongError(HTTPStatus.UNPROCESSABLE_ENTITY, "upload_ids: expected a list of ids")
    try:
        return attachments_of(asked.visitor, ids)
    except UploadError as fault:
        raise AskedWrongError(HTTPStatus.UNPROCESSABLE_ENTITY, str(fault)) from None


@in_session(limits.UPLOADS, "HEAD", "POST")
def uploads(asked: Asked) -> HttpResponse:
    """A file as it is, for a message that names it within a day; its name stands percent-encoded in X-File-Name.

    HEAD is how `cxhub.front` asks whether a long body may come at all.
    """
    if asked.request.method == "HEAD":
        return nothing()
    content = asked.request.read(MOST_BYTES + 1)
    try:
        upload = take(asked.visitor, content, name=unquote(asked.request.headers.get(FILE_NAME, "")[:1_000]))
    except UploadError as fault:
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if fault.is_too_much else HTTPStatus.UNPROCESSABLE_ENTITY
        raise AskedWrongError(status, str(fault)) from None
    except StorageError:
        raise AskedWrongError(HTTPStatus.SERVICE_UNAVAILABLE, "the hub cannot store it now; try again") from None
    document = {"id": str(upload.pk), "name": upload.name, "mime_type": upload.file["mime_type"], "size": upload.size}
    return answer_of(document, 201)


@in_session(limits.READS, "GET")
def events(asked: Asked) -> HttpResponse:
    """What is new since `after`, oldest first. `cxhub.front` holds an answer without news for up to `wait` seconds."""
    try:
        page = conversation.events_since(asked.visitor, asked.request.GET.get("after", ""))
    except CursorError as fault:
        raise AskedWrongError(HTTPStatus.BAD_REQUEST, str(fault)) from None
    answer = answer_of({"events": page.events, "cursor": page.cursor, "reset": page.is_reset})
    if not page.events and not page.is_reset:
        answer[WAITS_FOR] = asked.visitor.public_id
    return answer


@in_session(limits.SIGNALS, "POST")
def stream_tickets(asked: Asked) -> HttpResponse:
    """Where this session may open one event stream, within half a minute."""
    token = asked.request.headers.get("Authorization", "").partition(" ")[2].strip()
    return answer_of({"url": f"/chat/v1/stream?ticket={tickets.write(token)}", "expires_in": tickets.TICKET_SECONDS})


@call("GET")
def stream(request: HttpRequest) -> HttpResponse:
    """Redeems a ticket. `cxhub.front` takes the session from this answer and streams what `events` says."""
    session_token = tickets.redeem(request.GET.get("ticket", ""))
    session = tokens.read(session_token)
    if session is None:
        raise AskedWrongError(HTTPStatus.FORBIDDEN, "the ticket is not good; POST /chat/v1/stream-tickets for another")
    check_origin(request, line_of(session.widget))
    answer = nothing()
    answer[STREAMS_FOR] = session_token
    return answer


@in_session(limits.SIGNALS, "POST")
def seen(asked: Asked) -> HttpResponse:
    """Our messages up to `last` have reached the browser, or were looked at: `state` is delivered or read."""
    given = asked.body()
    state, last = as_word(given.get("state") or "read"), as_word(given.get("last"))
    if state not in ("delivered", "read") or not last:
        raise AskedWrongError(HTTPStatus.UNPROCESSABLE_ENTITY, "expected the id of the last message and its state")
    if ids := conversation.unconfirmed(asked.visitor, last, state=state):
        key = calls.key_of("receipt", asked.visitor.public_id, state, ids)
        _keep(asked, webchat.RECEIPT, key, {"state": state, "messages": ids})
    return nothing()


@in_session(limits.SIGNALS, "POST")
def pages(asked: Asked) -> HttpResponse:
    """The visitor looks at a page: it stands on their timeline."""
    given = asked.body()
    page = page_of(given.get("page"))
    if not page.get("url"):
        raise AskedWrongError(HTTPStatus.UNPROCESSABLE_ENTITY, "page.url: expected an http or https address")
    page_id = as_word(given.get("id")) or uuid.uuid4().hex
    key = calls.key_of("page", asked.visitor.public_id, page_id)
    _keep(asked, webchat.PAGE, key, {"id": page_id, "page": page})
    return nothing()


@in_session(limits.SIGNALS, "POST")
def typing(asked: Asked) -> HttpResponse:
    """The visitor is writing: open pages of agents may show it, nobody stores it."""
    tell_agents_typing(asked.visitor)
    return nothing()


@in_session(limits.SIGNALS, "POST")
def contact(asked: Asked) -> HttpResponse:
    """What the visitor says about themselves. Nothing of it is believed until it is proved."""
    given = asked.body()
    told = {name: as_word(given.get(name)).strip() for name in ("name", "email", "phone")}
    if told["email"] and ("@" not in told["email"][1:-1] or any(map(str.isspace, told["email"]))):
        raise AskedWrongError(HTTPStatus.UNPROCESSABLE_ENTITY, "email: expected a mailbox such as you@example.com")
    if told["phone"] and not is_valid_phone(phone_value(told["phone"])):
        raise AskedWrongError(HTTPStatus.UNPROCESSABLE_ENTITY, "phone: expected a number such as +46 70 174 06 05")
    told = {name: value for name, value in told.items() if value}
    if not told:
        raise AskedWrongError(HTTPStatus.UNPROCESSABLE_ENTITY, "expected a name, an email or a phone")
    _keep(asked, webchat.CONTACT, calls.key_of("contact", asked.visitor.public_id, told), told)
    return nothing()


def _keep(asked: Asked, name: str, key: str, body: dict[str, Any]) -> calls.Kept:
    return calls.keep(asked.visitor, asked.line.key, name, key, body, verified=asked.session.is_verified)


def _proof(token: object, line: Line) -> Proved | None:
    if token is None:
        return None
    try:
        return prove(token, line.settings, widget_key=line.key)
    except IdentityError as fault:
        raise AskedWrongError(HTTPStatus.UNAUTHORIZED, str(fault)) from None


def _opened(line: Line, **given: Any) -> Opened:
    try:
        return open_session(line.id, line.key, **given)
    except IdentityError as fault:
        raise AskedWrongError(HTTPStatus.UNAUTHORIZED, str(fault)) from None


def _session(opened: Opened, line: Line, locale: object) -> dict[str, Any]:
    plain = line.settings.plain
    own = {name: plain[setting] for name, setting in (("title", "title"), ("hello", "greeting")) if plain.get(setting)}
    document = {
        "session_token": opened.session_token,
        "expires_in": tokens.SESSION_SECONDS,
        "visitor_token": opened.visitor_token,
        "visitor_id": opened.visitor.public_id,
        "identity": "verified" if opened.is_verified else "anonymous",
        "has_written": opened.visitor.has_written,
        "poll_url": "/chat/v1/events",
        "stream_url": "/chat/v1/stream",
        "texts": texts_of(locale) | own,
    }
    return document | form_of(opened.visitor, line, locale)
