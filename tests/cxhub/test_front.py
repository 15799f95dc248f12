"""The web process as it is served: slow senders cost nobody else, and requests arrive as they were sent."""

import asyncio
import http.client
import json
import socket
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import scratch
from cxhub import bodies, crowd, front
from cxhub.bodies import STRANGERS_BYTES, Limits, Share
from cxhub.front import Front
from cxhub.waiting import WaitingRoom
from cxhub.wsgi import limits


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A served hub on a database of its own."""
    with scratch.database() as environ, scratch.server("cxhub.front:application", environ) as port:
        yield port


def ask(port: int, method: str, path: str, **more: Any) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, **more)
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/login/", "/webhooks/whatsapp_cloud/nobody/"])
def test_silent_senders_hold_nobody_up(port: int, path: str) -> None:
    with ExitStack() as stack:
        for _ in range(100):
            sender = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            head = (
                f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\nCookie: csrftoken={'a' * 32}\r\n"
            )
            sender.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\na=".encode())
        started = time.monotonic()
        assert ask(port, "GET", "/livez")[0] == 200
        assert ask(port, "POST", "/webhooks/whatsapp_cloud/nobody/", body=b"{}")[0] == 404
        assert ask(port, "GET", "/api/v1/queue/")[0] == 401
        assert time.monotonic() - started < 10  # half of BODY_SECONDS, after which the silent ones are cut off


def test_body_that_is_claimed_too_large_is_refused_at_once(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sender:
        sender.sendall(
            b"POST /webhooks/whatsapp_cloud/nobody/ HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
        )
        assert sender.recv(100).startswith(b"HTTP/1.1 413")


def test_head_has_no_body_and_every_answer_its_length(port: int) -> None:
    status, body, headers = ask(port, "HEAD", "/livez")
    assert (status, body) == (200, b"")
    status, body, headers = ask(port, "GET", "/api/v1/queue/")
    assert status == 401
    assert int(headers["content-length"]) == len(body)
    assert "content-security-policy" in headers


class Sender:
    """What granian hands an application for one request: the body, in parts, at the sender's pace."""

    def __init__(self, *parts: bytes, pause_seconds: float = 0) -> None:
        self.parts, self.pause_seconds = parts, pause_seconds
        self.answer: tuple[Any, ...] = ()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            await asyncio.sleep(self.pause_seconds)
            yield part

    def response_empty(self, *answer: Any) -> None:
        self.answer = answer

    def response_bytes(self, *answer: Any) -> None:
        self.answer = answer


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    seen = {name: value for name, value in environ.items() if isinstance(value, str)}
    start_response("200 OK", [])
    return [json.dumps(seen | {"body": environ["wsgi.input"].read().decode()}).encode()]


def serve(
    sender: Sender,
    headers: list[tuple[str, str]],
    path: str = "/webhooks/x/",
    *,
    query: str = "a=%20b",
    method: str = "POST",
    wsgi: Any = echo,
    **given: Any,
) -> Front:
    scope = SimpleNamespace(
        method=method, path=path, query_string=query, scheme="http", http_version="1.1", headers=SimpleNamespace(),
        server="127.0.0.1:8000", client="127.0.0.1:4711",
    )  # fmt: skip
    scope.headers.items = lambda: headers
    application = Front(wsgi, **given)
    with ThreadPoolExecutor(1) as other_thread:  # the browser tests leave an event loop running in this one
        other_thread.submit(asyncio.run, application(scope, sender)).result()
    return application


def test_request_arrives_as_it_was_sent() -> None:
    sender = Sender(b"one ", b"two")
    headers = [("content-type", "text/plain"), ("x-hub-signature-256", "s"), ("transfer-encoding", "chunked")]
    serve(sender, headers, path="/webhooks/a b%20é/")
    status, _, body = sender.answer
    seen = json.loads(body)
    assert (status, seen["body"], seen["CONTENT_LENGTH"]) == (200, "one two", "7")
    assert (seen["PATH_INFO"], seen["QUERY_STRING"]) == ("/webhooks/a b%20Ã©/", "a=%20b")
    assert seen["REMOTE_ADDR"] == "127.0.0.1"
    assert (seen["CONTENT_TYPE"], seen["HTTP_X_HUB_SIGNATURE_256"]) == ("text/plain", "s")


def test_percent_signs_are_undone_once(port: int) -> None:
    assert ask(port, "GET", "/api/v1/queu%65/")[0] == 401
    assert ask(port, "GET", "/api/v1/queu%2565/")[0] == 404  # a proxy that guards an address has read `/queu%65/`
    assert ask(port, "GET", "/api/%ff/")[0] == 404


def test_body_in_parts_of_one_byte_costs_no_more_than_its_bytes() -> None:
    sender = Sender(*[b"a"] * 20_000)
    started = time.monotonic()
    serve(sender, [("transfer-encoding", "chunked")])
    assert json.loads(sender.answer[2])["CONTENT_LENGTH"] == "20000"
    assert time.monotonic() - started < 10


def test_header_with_an_underscore_poses_as_nothing() -> None:
    sender = Sender()
    serve(sender, [("x_hub_signature_256", "forged"), ("x-a", "1"), ("x-a", "2")])
    seen = json.loads(sender.answer[2])
    assert "HTTP_X_HUB_SIGNATURE_256" not in seen
    assert seen["HTTP_X_A"] == "1,2"


def test_sender_that_stops_is_cut_off_and_its_bytes_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "BODY_SECONDS", 0.05)
    sender = Sender(b"a", b"b", pause_seconds=0.04)
    application = serve(sender, [("content-length", "2")])
    assert sender.answer[0] == 408
    assert application.limits.webhooks.held_bytes == 0


def test_bodies_of_all_senders_together_have_a_limit() -> None:
    sender = Sender(b"aa", b"bb")
    application = serve(sender, [("transfer-encoding", "chunked")], limits=Limits(webhooks=Share(3)))
    assert sender.answer[0] == 503
    assert application.limits.webhooks.held_bytes == 0


def test_slow_strangers_take_no_memory_from_providers() -> None:
    full = Limits(chats=Share(0), others=Share(0))
    for path, status in [("/webhooks/x/", 200), ("/api/v1/events/", 200), ("/login/", 503), ("/chat/v1/sessions", 503)]:
        sender = Sender(b"{}")
        serve(sender, [("content-length", "2")], path=path, limits=full)
        assert sender.answer[0] == status, path


LONG = b"x" * (STRANGERS_BYTES + 1)


@pytest.mark.parametrize(
    ("path", "answers", "told"),
    [
        ("/webhooks/email_mime/known/", "405 Method Not Allowed", 405),
        ("/webhooks/email_mime/unknown/", "404 Not Found", 404),
        ("/webhooks/nobody/key/", "405 Method Not Allowed", 413),
        ("/chat/v1/messages", "204 No Content", 413),
        ("/chat/v1/uploads", "204 No Content", 204),
        ("/chat/v1/uploads", "401 Unauthorized", 401),
        ("/api/v1/events/", "401 Unauthorized", 401),
        ("/customers/1/", "401 Unauthorized", 401),
        ("/customers/1/", "204 No Content", 204),
        ("/login/", "200 OK", 413),
    ],
)
@pytest.mark.parametrize("is_claimed", [True, False])
def test_long_body_is_only_read_where_it_is_due_and_from_whom_the_hub_knows(
    path: str, answers: str, told: int, is_claimed: bool
) -> None:
    asked = []

    def wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        asked.append((environ["REQUEST_METHOD"], len(environ["wsgi.input"].read())))
        is_page = environ["REQUEST_METHOD"] == "HEAD" and path.startswith("/customers/")
        assert environ["PATH_INFO"] == ("/session/staff/" if is_page else path)
        start_response(answers, [("Location", "/login/"), ("Content-Length", "7")])
        return [b""]

    sender = Sender(LONG[:-1], LONG[-1:])
    headers = [("content-length", str(len(LONG)))] if is_claimed else [("transfer-encoding", "chunked")]
    known = Limits({"email_mime": 1_000_000}, is_for_staff=lambda path: path.startswith("/customers/"))
    application = serve(sender, headers, path=path, limits=known, wsgi=wsgi)
    assert sender.answer[0] == told
    turned_away = [] if told == 413 else [("HEAD", 0)]
    assert asked == ([*turned_away, ("POST", len(LONG))] if told in (204, 405) else turned_away)
    assert [s.held_bytes for s in (known.webhooks, known.chats, known.others)] == [0, 0, 0]
    assert application.limits is known


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (
            "/api/v1/profiles/1/messages/",
            b'{"type": "about:blank", "title": "Request Entity Too Large", "status": 413}',
        ),
        ("/chat/v1/messages", b'{"type": "about:blank", "title": "Request Entity Too Large", "status": 413}'),
        ("/webhooks/whatsapp_cloud/key/", b""),
    ],
)
def test_program_is_told_by_a_problem_document_that_its_body_is_too_long(path: str, problem: bytes) -> None:
    sender = Sender()
    serve(sender, [("content-length", "1048577")], path=path)
    status, headers, body = (*sender.answer, b"")[:3]
    assert (status, body) == (413, problem)
    assert dict(headers).get("content-type") == ("application/problem+json" if problem else None)


def test_strangers_upload_over_the_api_is_refused_before_it_is_read(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sender:
        sender.sendall(b"POST /api/v1/uploads/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n\r\n")
        assert sender.recv(100).startswith(b"HTTP/1.1 401")


def test_limits_are_those_of_adapters_and_of_pages() -> None:
    found = limits()
    assert found.most_bytes("/webhooks/email_postmark/key/") == 60_001_024
    assert found.most_bytes("/webhooks/whatsapp_cloud/key/") == 4_001_024
    assert found.most_bytes("/webhooks/sms_vonage/key/") == 263_168
    assert found.most_bytes("/webhooks/nobody/key/") == 65_536
    assert found.most_bytes("/chat/v1/messages") == 65_536
    assert found.most_bytes("/api/v1/events/") == 5_242_880
    assert found.most_bytes("/api/v1/profiles/1/messages/") == 1_048_576
    assert found.most_bytes("/api/v1/uploads/") == 41_943_040
    assert found.most_bytes("/") == found.most_bytes("/simulator/sms_twilio/key/x") == 41_943_040
    for path in ("/login/", "/livez", "/static/app.js", "/media/token/name", "/unsubscribe/token/", "/none/"):
        assert found.most_bytes(path) == 65_536, path


def test_strangers_long_upload_to_a_page_of_staff_is_refused_whatever_its_method(port: int) -> None:
    for path in ("/customers/1/answer/", "/search/", "/inbox/all/"):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sender:
            sender.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n\r\n".encode())
            assert sender.recv(100).startswith(b"HTTP/1.1 401"), path


def test_strangers_long_delivery_is_refused_before_it_is_read(port: int) -> None:
    for path, status in [("/webhooks/email_postmark/nobody/", b"404"), ("/login/", b"413"), ("/chat/v1/uploads", b"4")]:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sender:
            sender.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n\r\n".encode())
            assert sender.recv(100).startswith(b"HTTP/1.1 " + status), path


@pytest.mark.parametrize("path", ["/webhooks/none", "/media/none/none/none", "/chat/v1/none"])
def test_pages_without_middleware_are_guarded_too(port: int, path: str) -> None:
    status, _, headers = ask(port, "GET", path)
    assert status == 404
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/api/v1/events/", "/api/v1/identify/"])
def test_call_with_a_token_is_answered_as_any_other_of_the_api(port: int, path: str) -> None:
    body, token = b'{"source": "shop"}', {"Authorization": "Bearer cxh_none"}
    answers = [
        ask(
            port, "POST", path, body=body, headers=headers | {"Accept-Language": "de", "X-Request-ID": "given-by-proxy"}
        )
        for headers in (token, {}, {"Cookie": "sessionid=none"})
    ]
    for status, answer, headers in answers:
        assert (status, headers["content-type"]) == (401, "application/problem+json")
        assert headers["www-authenticate"] == "Bearer"
        assert json.loads(answer)["title"] == "Unauthorized"
        assert headers["content-length"] == str(len(answer))
        assert headers["x-request-id"] == "given-by-proxy"
        assert (headers["cache-control"], headers["content-language"]) == ("no-store", "de")
        assert "default-src 'none'" in headers["content-security-policy"]


def test_crowd_lets_no_address_and_not_all_together_take_every_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "MOST_OF_ADDRESS", 2)
    monkeypatch.setattr(crowd, "MOST_OPEN", 3)
    found = crowd.Crowd()
    told = []
    with ExitStack() as places:
        for address in ("a", "a", "a", "b", "c"):
            try:
                places.enter_context(found.place(address))
                told.append(200)
            except bodies.RefusedError as refusal:
                told.append(int(refusal.status))
    assert told == [200, 200, 429, 200, 503]
    assert (found.count, found.of_address) == (0, {})


def test_poll_beyond_its_address_share_is_refused_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "MOST_OF_ADDRESS", 0)
    for path, query, status in [("events", "wait=25", 429), ("stream", "ticket=x", 429), ("events", "", 200)]:
        sender = Sender()
        sender.client_disconnect = asyncio.Event().wait
        serve(sender, [], path=f"/chat/v1/{path}", query=query, method="GET", room=WaitingRoom(None))
        assert sender.answer[0] == status
        if status == 429:
            assert ("retry-after", "5") in sender.answer[1]


class Reader(Sender):
    """A reader of a long answer who takes each part when it wants to, or goes away after `takes` of them."""

    def __init__(self, takes: int = 1_000_000) -> None:
        super().__init__()
        self.takes, self.taken = takes, []

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> "Reader":
        self.answer = (status, headers)
        return self

    async def send_bytes(self, part: bytes) -> None:
        if len(self.taken) == self.takes:
            raise ConnectionError
        self.taken.append(len(part))


class Parts:
    """A long streamed answer, as Django gives one; it knows how many parts were asked for and whether it was closed."""

    streaming = True

    def __init__(self, count: int) -> None:
        self.left, self.is_closed = count, False

    def __iter__(self) -> "Parts":
        return self

    def __next__(self) -> bytes:
        if not self.left:
            raise StopIteration
        self.left -= 1
        return b"x" * 100_000

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize(("takes", "left"), [(1_000_000, 0), (3, 96)])
def test_long_answer_is_read_from_storage_as_it_is_taken_and_always_closed(takes: int, left: int) -> None:
    parts, reader = Parts(100), Reader(takes)

    def wsgi(environ: dict[str, Any], start_response: Any) -> Parts:
        start_response("200 OK", [("Content-Length", "10000000")])
        return parts

    scope = SimpleNamespace(
        method="GET", path="/media/token/file", query_string="", headers={}, server="h:80", client="127.0.0.1:5",
        http_version="1.1", scheme="http",
    )  # fmt: skip
    with ThreadPoolExecutor(1) as other_thread:
        error = other_thread.submit(asyncio.run, Front(wsgi)(scope, reader)).exception()
    assert isinstance(error, ConnectionError) is bool(left)
    assert parts.is_closed
    assert parts.left == left
    assert sum(reader.taken) == min(takes, 100) * 100_000


def test_file_in_a_folder_is_handed_to_the_server() -> None:
    handed: list[Any] = []
    parts = Parts(100)
    parts.located = ("/media/ab", 5, 9)

    def wsgi(environ: dict[str, Any], start_response: Any) -> Parts:
        start_response("206 Partial Content", [("Content-Length", "4")])
        return parts

    scope = SimpleNamespace(
        method="GET", path="/media/token/file", query_string="", headers={}, server="h:80", client="127.0.0.1:5",
        http_version="1.1", scheme="http",
    )  # fmt: skip
    reader = Reader()
    reader.response_file_range = lambda *told: handed.append(told)
    with ThreadPoolExecutor(1) as other_thread:
        other_thread.submit(asyncio.run, Front(wsgi)(scope, reader)).result()
    assert handed == [(206, [("Content-Length", "4")], "/media/ab", 5, 9)]
    assert (parts.left, parts.is_closed) == (100, True)
