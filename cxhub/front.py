"""The front of the web process: it reads each body, with a deadline, before a thread is taken for the request.

A WSGI thread that reads the body itself waits for the sender: eight silent senders would stop the whole hub. Here they
cost a few bytes each, and the receiver has threads of its own, so that slow pages never hold up a provider.
Served by granian as an RSGI application: `cxhub.front:application`.
"""

import asyncio
import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlencode

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from cxhub import chat_stream, streaming
from cxhub.bodies import (
    API,
    CHATTED,
    EVIDENCE,
    SIMULATED,
    STRANGERS_BYTES,
    WEBHOOKS,
    Limits,
    RefusedError,
    Share,
    is_welcome,
)
from cxhub.crowd import Crowd
from cxhub.env import load
from cxhub.running.settled import settle
from cxhub.waiting import Answer, WaitingRoom, parted

#: A body is here by then or its sender is cut off; mail of 30 MB over a slow line still passes.
BODY_SECONDS = 20.0
#: PostgreSQL writes waiting commits out together, so several deliveries at once are cheaper than one after the other.
RECEIVER_THREADS = 8
PAGE_THREADS = 4
#: The simulator has threads of its own: it is told to answer late, or never.
SIMULATOR_THREADS = 4
#: Visitors of web chats are strangers: they take turns among themselves.
CHAT_THREADS = 4
#: What stores what it is sent and answers: providers, and our own servers, whose imports must not take agents' threads.
RECEIVED = (WEBHOOKS, *EVIDENCE)
#: A poll of a chat that has no news is held for as long as it asks, without a thread.
HELD = "/chat/v1/events"
STREAM = "/chat/v1/stream"
#: A cursor with every sign escaped is shorter. What is longer is not read here, where all others wait meanwhile.
LONGEST_QUERY = 16_000
#: In the environment of a held poll that looks once more: it is no new call. No header can be called so.
ASKS_AGAIN = "cxhub.asks_again"

Headers = list[tuple[str, str]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Front:
    """An RSGI application around a WSGI one. `address_of` says from where a request came, by its environment."""

    def __init__(
        self,
        wsgi: Wsgi,
        room: WaitingRoom | None = None,
        limits: Limits | None = None,
        address_of: Callable[[dict[str, Any]], str] = lambda environ: str(environ["REMOTE_ADDR"]),
    ) -> None:
        self.wsgi = wsgi
        self.room = room
        self.limits = limits or Limits()
        self.address_of = address_of
        self.crowd = Crowd()
        self.receiver = ThreadPoolExecutor(RECEIVER_THREADS, thread_name_prefix="receiver")
        self.pages = ThreadPoolExecutor(PAGE_THREADS, thread_name_prefix="pages")
        self.simulator = ThreadPoolExecutor(SIMULATOR_THREADS, thread_name_prefix="simulator")
        self.files = ThreadPoolExecutor(streaming.THREADS, thread_name_prefix="files")
        self.chats = ThreadPoolExecutor(CHAT_THREADS, thread_name_prefix="chats")

    async def __call__(self, scope: Any, protocol: Any) -> None:
        headers = _headers(scope)
        share = self.limits.share(scope.path)
        try:
            body = await self._body(protocol, scope, headers, share)
        except _TurnedAwayError as turned:
            protocol.response_empty(*turned.answer)
            return
        except RefusedError as refusal:
            _refuse(protocol, refusal, scope.path)
            return
        if scope.path.startswith(streaming.STREAMED):
            share.give_back(len(body))
            await streaming.stream(protocol, self.files, self.wsgi, _environ(scope, headers, b""))
            return
        try:
            with self._place(scope, headers):
                await self._answer(scope, protocol, headers, body, share)
        except RefusedError as refusal:
            share.give_back(len(body))
            _refuse(protocol, refusal, scope.path)

    def _place(self, scope: Any, headers: dict[str, str]) -> contextlib.AbstractContextManager[None]:
        """What may be held open for long has a place in the crowd. Raises RefusedError on entering."""
        if self.room is None or not (scope.path == STREAM or _wait_seconds(scope)):
            return contextlib.nullcontext()
        return self.crowd.place(self.address_of(_environ(scope, headers, b"")))

    async def _answer(self, scope: Any, protocol: Any, headers: dict[str, str], body: bytes, share: Share) -> None:
        async def look(*, again: bool = False) -> Answer:
            environ = _environ(scope, headers, body) | ({ASKS_AGAIN: "1"} if again else {})
            return await self._call(scope.path, environ)

        try:
            seconds = _wait_seconds(scope)
            if seconds and self.room is not None:
                answer = await self.room.held(look, seconds, protocol.client_disconnect)
            else:
                answer = await look()
        finally:
            share.give_back(len(body))
        answer, session = parted(answer, chat_stream.STREAMS_FOR)
        if session and self.room is not None:
            await self._stream(protocol, self.room, answer, session, scope, headers)
        else:
            protocol.response_bytes(*answer)

    async def _call(self, path: str, environ: dict[str, Any]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._pool(path), call, self.wsgi, environ)

    async def _stream(
        self, protocol: Any, room: WaitingRoom, answer: Answer, session: str, scope: Any, headers: dict[str, str]
    ) -> None:
        """A ticket was redeemed: the chat's events follow, each asked for as a poll asks."""
        common = _environ(scope, headers | {"HTTP_AUTHORIZATION": f"Bearer {session}"}, b"")
        common |= {"PATH_INFO": HELD, ASKS_AGAIN: "1"}

        async def ask(cursor: str) -> Answer:
            environ = common | {"QUERY_STRING": urlencode({"after": cursor}), "wsgi.input": io.BytesIO()}
            return await self._call(HELD, environ)

        allowing = [pair for pair in answer[1] if pair[0].lower() in ("access-control-allow-origin", "vary")]
        transport = protocol.response_stream(int(HTTPStatus.OK), [*allowing, *chat_stream.HEADERS])
        since = headers.get("HTTP_LAST_EVENT_ID") or parse_qs(scope.query_string).get("after", [""])[0]
        with contextlib.suppress(ProtocolClosed, TimeoutError):  # the reader left, as readers do
            async for part in chat_stream.streamed(room, ask, since):
                await asyncio.wait_for(transport.send_bytes(part), streaming.READER_SECONDS)

    def _pool(self, path: str) -> ThreadPoolExecutor:
        if path.startswith(RECEIVED):
            return self.receiver
        if path.startswith(SIMULATED):
            return self.simulator
        return self.chats if path.startswith(CHATTED) else self.pages

    async def _body(self, protocol: Any, scope: Any, headers: dict[str, str], share: Share) -> bytes:
        """The whole body, counted in `share`. Raises RefusedError, and gives back what it has counted."""
        claimed = headers.get("CONTENT_LENGTH", "")
        if not claimed and "chunked" not in headers.pop("HTTP_TRANSFER_ENCODING", "").lower():
            return b""
        body = bytearray()  # not a list of parts: a sender may make each of them one byte long
        try:
            async with asyncio.timeout(BODY_SECONDS):
                most_bytes = STRANGERS_BYTES
                if claimed.isdecimal() and int(claimed) > most_bytes:
                    most_bytes = await self._admitted(int(claimed), scope, headers)
                async for part in protocol:
                    body += part
                    share.take(len(part))
                    if len(body) > most_bytes:
                        most_bytes = await self._admitted(len(body), scope, headers)
        except BaseException as error:
            share.give_back(len(body))
            if isinstance(error, TimeoutError):
                raise RefusedError(HTTPStatus.REQUEST_TIMEOUT) from None
            raise
        return bytes(body)

    async def _admitted(self, body_bytes: int, scope: Any, headers: dict[str, str]) -> int:
        """How much may come from a sender who has more than strangers may; see `cxhub.bodies`.

        Raises RefusedError if the body is longer, or with the hub's answer to one it turns away.
        """
        most_bytes = self.limits.most_bytes(scope.path)
        if body_bytes > most_bytes:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        asked = {"REQUEST_METHOD": "HEAD", "PATH_INFO": self.limits.asked_at(scope.path), ASKS_AGAIN: "1"}
        environ = _environ(scope, headers, b"") | asked
        status, answered, _ = await self._call(scope.path, environ)
        if not is_welcome(status):
            kept = [pair for pair in answered if pair[0].lower() != "content-length"]
            raise _TurnedAwayError(HTTPStatus(status), (status, [*kept, ("connection", "close")]))
        return most_bytes


class _TurnedAwayError(RefusedError):
    """The hub itself does not know the sender of a long body; `answer` says so."""

    def __init__(self, status: HTTPStatus, answer: tuple[int, Headers]) -> None:
        super().__init__(status)
        self.answer = answer


def _refuse(protocol: Any, refusal: RefusedError, path: str) -> None:
    """The answer of nobody but this process; programs are told as the API tells all errors (RFC 9457)."""
    status, headers = int(refusal.status), [("connection", "close"), ("retry-after", "5")]
    if not path.startswith((API, CHATTED)):
        protocol.response_empty(status, headers)
        return
    problem = {"type": "about:blank", "title": refusal.status.phrase, "status": status}
    headers.append(("content-type", "application/problem+json"))
    protocol.response_bytes(status, headers, json.dumps(problem).encode())


def _wait_seconds(scope: Any) -> float:
    """How long a poll of a chat asks to be held."""
    if scope.method != "GET" or scope.path != HELD or len(scope.query_string) > LONGEST_QUERY:
        return 0.0
    asked = parse_qs(scope.query_string).get("wait", ["0"])[0]
    return float(asked) if asked.isdecimal() and len(asked) <= 3 else 0.0


def _headers(scope: Any) -> dict[str, str]:
    """The headers under their CGI names. A name with an underscore is left out: it could pose as one with a hyphen."""
    found: dict[str, str] = {}
    for name, value in scope.headers.items():
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        found[key] = f"{found[key]},{value}" if key in found else value
    return found


def _environ(scope: Any, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """The WSGI environment of a request whose body is here."""
    host, _, port = scope.server.rpartition(":")
    client, _, client_port = scope.client.rpartition(":")
    return {
        **headers,
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        # granian has undone the percent signs: done again, `/%256detrics` would pass a proxy that guards `/metrics`.
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": client,
        "REMOTE_PORT": client_port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def call(wsgi: Wsgi, environ: dict[str, Any]) -> Answer:
    """The WSGI application's answer as status, headers and body."""
    started: list[tuple[int, Headers]] = []

    def start_response(status: str, headers: Headers, _exc_info: object = None) -> None:
        started.append((int(status[:3]), headers))

    answer = wsgi(environ, start_response)
    try:
        body = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    status, headers = started[-1]
    return status, headers, body


def _application() -> Front:
    from cxhub.wsgi import application, limits  # loads Django; the class above does not need it
    from profiles.callers import address_in

    front = Front(application, WaitingRoom(load(os.environ)), limits(), address_in)
    settle()
    return front


def __getattr__(name: str) -> Front:
    """`application` is made when granian asks for it, so that importing this module stays cheap."""
    if name == "application":
        return _application()
    raise AttributeError(name)
