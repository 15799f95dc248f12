"""The fetcher against servers that mean harm: bounded in time and bytes, and never led where it must not go."""

import gzip
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from channels_ingest.media import breaker as breaking
from channels_ingest.media.breaker import Breaker, HostPausedError
from channels_ingest.media.fetching import Fetcher, FetchError, LaterError, RefusedError, TooBigError
from tests.channels_ingest.media.hostile import Behave, Hostile, certificate, leads_to, says, served

MB = 1024 * 1024


@pytest.fixture
def serve() -> Iterator[Callable[..., Hostile]]:
    with ExitStack() as stack:
        yield lambda behave, **more: stack.enter_context(served(behave, **more))


def fetcher(*servers: Hostile, **more: Any) -> Fetcher:
    """One that trusts these servers as the hub trusts its own simulator."""
    return Fetcher(**{"trusted_origins": frozenset(s.origin for s in servers), "total_seconds": 1.0, **more})


def got(fetch: Fetcher, url: str, headers: dict[str, str] | None = None, *, most_bytes: int = MB) -> tuple[int, bytes]:
    fetched = fetch.get(url, headers or {}, most_bytes=most_bytes)
    with fetched.body as body:
        return fetched.status, body.read()


def test_content_comes_whole(serve: Callable[..., Hostile]) -> None:
    server = serve(says(b"x" * 3 * MB))
    assert got(fetcher(server), f"{server.origin}/a?b=1", {"Authorization": "Bearer t"}, most_bytes=4 * MB) == (
        200,
        b"x" * 3 * MB,
    )
    head = server.heads[0].lower()
    assert head.startswith("get /a?b=1 http/1.1\r\n")
    assert "authorization: bearer t" in head
    assert "accept-encoding: identity" in head


def trickles(connection: socket.socket, head: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b"x")
        time.sleep(0.1)


def trickles_its_head(connection: socket.socket, head: str) -> None:
    for letter in b"HTTP/1.1 200 OK\r\n" + b"X-Pad: y\r\n" * 1000:
        connection.sendall(bytes([letter]))
        time.sleep(0.05)


def goes_on_for_ever(connection: socket.socket, head: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def has_headers_for_ever(connection: socket.socket, head: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Pad: " + b"y" * 1000 + b"\r\n")


def says_wait_for_ever(connection: socket.socket, head: str) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")
        time.sleep(0.01)


def is_silent(connection: socket.socket, head: str) -> None:
    time.sleep(5)


def breaks_off(connection: socket.socket, head: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")


def talks_nonsense(connection: socket.socket, head: str) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


@pytest.mark.parametrize(
    ("behave", "error"),
    [
        (trickles, LaterError),
        (trickles_its_head, LaterError),
        (goes_on_for_ever, TooBigError),
        (has_headers_for_ever, LaterError),
        (says_wait_for_ever, LaterError),
        (is_silent, LaterError),
        (breaks_off, LaterError),
        (talks_nonsense, LaterError),
        (says(b"x", "200 OK", "Content-Encoding: gzip"), RefusedError),
        (says(gzip.compress(b"\0" * 50 * MB), "200 OK", "Content-Encoding: br"), RefusedError),
        (says(b"x" * (MB + 1)), TooBigError),
    ],
)
def test_everything_has_an_end(serve: Callable[..., Hostile], behave: Behave, error: type[FetchError]) -> None:
    server = serve(behave)
    started = time.monotonic()
    with pytest.raises(error):
        got(fetcher(server), server.origin)
    assert time.monotonic() - started < 4


def test_claimed_length_is_refused_before_a_byte_of_it(serve: Callable[..., Hostile]) -> None:
    def claims(connection: socket.socket, head: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n")
        time.sleep(5)

    server = serve(claims)
    started = time.monotonic()
    with pytest.raises(TooBigError):
        got(fetcher(server), server.origin)
    assert time.monotonic() - started < 4


def test_redirects_are_followed_three_times(serve: Callable[..., Hostile]) -> None:
    def counts(connection: socket.socket, head: str) -> None:
        number = int(head.split()[1].strip("/") or 0)
        (says(b"here") if number == 3 else leads_to(f"/{number + 1}"))(connection, head)

    server = serve(counts)
    assert got(fetcher(server), server.origin) == (200, b"here")
    loop = serve(leads_to("/again"))
    with pytest.raises(RefusedError, match="too many redirects"):
        got(fetcher(loop), loop.origin)
    assert len(loop.heads) == 4


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:1/x", "https://127.0.0.1/x", "https://localhost/x", "https://10.0.0.1/x", "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data/", "http://example.com/", "file:///etc/passwd", "gopher://x/",
        "https://2130706433/", "https://user@example.com/", "//127.0.0.1/x", "https://example.com:22/", "ftp://x/",
    ],
)  # fmt: skip
def test_redirect_where_the_hub_must_not_go_is_refused(serve: Callable[..., Hostile], location: str) -> None:
    server = serve(leads_to(location))
    asked: list[str] = []

    def resolver(host: str, port: int) -> Iterable[str]:
        asked.append(host)
        return {"localhost": ["127.0.0.1"], "2130706433": ["127.0.0.1"]}.get(host, [host])

    with pytest.raises(RefusedError):
        got(fetcher(server, resolver=resolver), server.origin)


def test_nobody_redirects_to_the_simulator(serve: Callable[..., Hostile]) -> None:
    inner = serve(says(b"secret"))
    outer = serve(leads_to(f"{inner.origin}/"))
    with pytest.raises(RefusedError, match="redirect to the hub itself"):
        got(fetcher(inner, outer), outer.origin)
    assert inner.heads == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "https://127.0.0.1:{port}/"])
def test_loopback_is_not_asked_unless_it_is_the_simulator(serve: Callable[..., Hostile], url: str) -> None:
    server = serve(says())
    with pytest.raises(RefusedError):
        got(Fetcher(total_seconds=1, ports=frozenset({443, server.port})), url.format(port=server.port))
    assert server.heads == []


class Public:
    """A TLS server that stands for a public one: its name leads to loopback, which this fetcher takes for public."""

    def __init__(self, serve: Callable[..., Hostile], folder: Path, behave: Behave, *names: str) -> None:
        server, self.client = certificate(folder, *names)
        self.server = serve(behave, tls=server)
        self.asked: list[str] = []

    def fetcher(self, **more: Any) -> Fetcher:
        def resolver(host: str, port: int) -> list[str]:
            self.asked.append(host)
            return ["127.0.0.1"]

        return Fetcher(
            resolver=resolver, is_allowed=lambda address: address == "127.0.0.1", certificates=self.client,
            ports=frozenset({self.server.port}), total_seconds=3, **more,
        )  # fmt: skip


def test_connection_is_to_the_judged_address_under_the_right_name(
    serve: Callable[..., Hostile], tmp_path: Path
) -> None:
    public = Public(serve, tmp_path, says(b"file"), "media.example.com")
    url = f"https://media.example.com:{public.server.port}/x"
    assert got(public.fetcher(), url) == (200, b"file")
    assert public.asked == ["media.example.com"]  # once, so that no second answer can differ
    assert public.server.names == ["media.example.com"]
    assert f"host: media.example.com:{public.server.port}" in public.server.heads[0].lower()


def test_certificate_of_another_name_is_refused(serve: Callable[..., Hostile], tmp_path: Path) -> None:
    public = Public(serve, tmp_path, says(b"file"), "other.example.com")
    with pytest.raises(LaterError):
        got(public.fetcher(), f"https://media.example.com:{public.server.port}/x")
    assert public.server.heads == []


def test_credentials_stay_with_their_host(serve: Callable[..., Hostile], tmp_path: Path) -> None:
    def sends_on(connection: socket.socket, head: str) -> None:
        host = f"cdn.example.net:{public.server.port}"
        wanted = "/here" if head.startswith("GET /start") else f"https://{host}/file"
        (says(b"file") if "cdn.example.net" in head else leads_to(wanted))(connection, head)

    public = Public(serve, tmp_path, sends_on, "api.example.com", "cdn.example.net")
    url = f"https://api.example.com:{public.server.port}/start"
    assert got(public.fetcher(), url, {"Authorization": "Basic c2VjcmV0", "X-Own": "1"}) == (200, b"file")
    first, second, third = (head.lower() for head in public.server.heads)
    assert "authorization" in first  # the same host
    assert "authorization" in second
    assert "authorization" not in third
    assert "x-own" not in third


def test_tls_that_never_ends_its_greeting_is_cut_off(serve: Callable[..., Hostile]) -> None:
    server = serve(is_silent)
    fetch = Fetcher(
        resolver=lambda host, port: ["127.0.0.1"], is_allowed=lambda address: True, ports=frozenset({server.port}),
        total_seconds=0.5,
    )  # fmt: skip
    started = time.monotonic()
    with pytest.raises(LaterError):
        got(fetch, f"https://media.example.com:{server.port}/")
    assert time.monotonic() - started < 4


def test_host_that_keeps_failing_is_left_alone(serve: Callable[..., Hostile]) -> None:
    now = [1000.0]
    breaker = Breaker(clock=lambda: now[0])
    server, healthy = serve(says(b"", "503 Busy")), serve(says(b"fine"))
    fetch = fetcher(server, breaker=breaker)
    for _ in range(breaking.FAILURES):
        assert got(fetch, server.origin)[0] == 503
    with pytest.raises(HostPausedError) as paused:
        got(fetch, server.origin)
    assert 0 < paused.value.seconds <= breaking.PAUSE_SECONDS
    assert len(server.heads) == breaking.FAILURES
    now[0] += breaking.PAUSE_SECONDS + 1
    assert got(fetch, server.origin)[0] == 503  # one may try
    with pytest.raises(HostPausedError):
        got(fetch, server.origin)
    breaker.worked("127.0.0.1")
    assert got(fetcher(healthy, breaker=breaker), healthy.origin) == (200, b"fine")
