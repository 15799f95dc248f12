"""The one way by which the hub asks an address that a stranger named: public hosts, https, a limit to everything.

One total deadline covers names, connection, encryption and every byte; the answer is counted while it comes, and never
unpacked; three redirects at most are followed, each judged anew, and credentials stay with the host they are for.
"""

import ssl
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO
from urllib.parse import urljoin

import httpcore

from channels_ingest.media.addresses import (
    NotAllowedError,
    NotFoundError,
    Resolver,
    Target,
    is_public,
    public_address,
    system_resolver,
    target_of,
)
from channels_ingest.media.breaker import Breaker

TOTAL_SECONDS = 15.0
CONNECT_SECONDS = 5.0
MOST_REDIRECTS = 3
#: Up to this an answer stays in memory.
_SPOOLED_BYTES = 1024 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)


class FetchError(Exception):
    """There is no content. The message is for the log and the row: a reason, never an address."""


class RefusedError(FetchError):
    """The hub does not ask there, or does not take such an answer: trying again changes nothing."""


class TooBigError(FetchError):
    """The answer is larger than allowed."""


class LaterError(FetchError):
    """It may work later: no answer in time, a broken connection, a server that is busy."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The final answer: its status and its body, at its start. The caller closes the body."""

    status: int
    body: IO[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """What it may ask, and whom it asks for addresses.

    `trusted_origins` (`http://127.0.0.1:8000`) may be asked although they are not public: the hub's own simulator.
    They are only asked when they are named first, never because somebody redirects there.
    """

    resolver: Resolver = system_resolver
    trusted_origins: frozenset[str] = frozenset()
    is_allowed: Callable[[str], bool] = is_public
    total_seconds: float = TOTAL_SECONDS
    ports: frozenset[int] = frozenset({443})
    certificates: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    breaker: Breaker = field(default_factory=Breaker)

    def get(self, url: str, headers: Mapping[str, str], *, most_bytes: int) -> Fetched:
        """The answer to a GET, redirects followed. Raises FetchError."""
        deadline = time.monotonic() + self.total_seconds
        asked = self._judged(url, first=None)
        self.breaker.check(asked.host)
        try:
            fetched = self._followed(asked, headers, deadline, most_bytes)
        except LaterError:
            self.breaker.failed(asked.host)
            raise
        if fetched.status >= 500:
            self.breaker.failed(asked.host)
        else:
            self.breaker.worked(asked.host)
        return fetched

    def _followed(self, asked: Target, headers: Mapping[str, str], deadline: float, most_bytes: int) -> Fetched:
        target, sent = asked, {name.lower(): value for name, value in headers.items()}
        for _hop in range(MOST_REDIRECTS + 1):
            fetched, location = self._asked(target, sent, deadline, most_bytes)
            if location is None:
                return fetched
            fetched.body.close()
            following = self._judged(urljoin(f"{target.origin}{target.path}", location), first=target)
            if following.origin != target.origin:
                sent = {}  # whatever we said was for the first host
            target = following
        raise RefusedError("too many redirects")

    def _judged(self, url: str, *, first: Target | None) -> Target:
        """Where the URL leads, if it may be asked at all."""
        try:
            target = target_of(url)
        except NotAllowedError as error:
            raise RefusedError(str(error)) from None
        if self._is_trusted(target):
            if first is not None and first.origin != target.origin:
                raise RefusedError("a redirect to the hub itself")
            return target
        if target.scheme != "https":
            raise RefusedError("an address that is not https")
        if target.port not in self.ports:
            raise RefusedError("an odd port")
        return target

    def _is_trusted(self, target: Target) -> bool:
        return target.origin in {target_of(origin).origin for origin in self.trusted_origins}

    def _asked(
        self, target: Target, headers: Mapping[str, str], deadline: float, most_bytes: int
    ) -> tuple[Fetched, str | None]:
        """One answer, and where it redirects to."""
        if self._is_trusted(target):
            address = target.host
        else:
            try:
                address = public_address(target, self.resolver, seconds=_left(deadline), is_allowed=self.is_allowed)
            except NotAllowedError as error:
                raise RefusedError(str(error)) from None
            except NotFoundError as error:
                raise LaterError(str(error)) from None
        try:
            return self._over(target, address, headers, deadline, most_bytes)
        except httpcore.TimeoutException:
            raise LaterError("no answer in time") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise LaterError(f"the connection failed: {type(error).__name__}") from None

    def _over(
        self, target: Target, address: str, headers: Mapping[str, str], deadline: float, most_bytes: int
    ) -> tuple[Fetched, str | None]:
        network = _Pinned(address, deadline)
        url = httpcore.URL(
            scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
        )
        sent = {**headers, "host": _host_header(target), "accept-encoding": "identity", "connection": "close"}
        with (
            httpcore.ConnectionPool(
                ssl_context=self.certificates, network_backend=network, http1=True, http2=False, retries=0
            ) as pool,
            pool.stream("GET", url, headers=[(k.encode(), v.encode()) for k, v in sent.items()]) as response,
        ):
            answered = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            if response.status in _REDIRECTS and "location" in answered:
                return Fetched(response.status, tempfile.SpooledTemporaryFile()), answered["location"]
            if answered.get("content-encoding", "identity").lower() not in ("identity", ""):
                raise RefusedError("a compressed answer")  # asked not to; what it unpacks to has no limit
            length = answered.get("content-length", "")
            if length.isascii() and length.isdigit() and int(length) > most_bytes:
                raise TooBigError("larger than allowed")
            return Fetched(response.status, _counted(response.iter_stream(), deadline, most_bytes)), None


def _counted(parts: Iterable[bytes], deadline: float, most_bytes: int) -> IO[bytes]:
    """The body in a temporary file that vanishes with its last handle."""
    body: IO[bytes] = tempfile.SpooledTemporaryFile(_SPOOLED_BYTES)  # noqa: SIM115  (the caller closes it)
    size = 0
    try:
        for part in parts:
            size += len(part)
            if size > most_bytes:
                raise TooBigError("larger than allowed")
            _left(deadline)
            body.write(part)
        body.seek(0)
    except BaseException:
        body.close()
        raise
    return body


def _left(deadline: float) -> float:
    """Seconds until the deadline. Raises LaterError once it is over."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise LaterError("no answer in time")
    return left


def _host_header(target: Target) -> str:
    usual = 443 if target.scheme == "https" else 80
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == usual else f"{host}:{target.port}"


class _Pinned(httpcore.SyncBackend):
    """Connects to one address whatever the host's name, and gives every single wait what is left of the deadline."""

    def __init__(self, address: str, deadline: float) -> None:
        self._address, self._deadline = address, deadline

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **more: object) -> httpcore.NetworkStream:  # type: ignore[override]
        seconds = min(CONNECT_SECONDS, _left(self._deadline))
        return _Timed(super().connect_tcp(self._address, port, timeout=seconds), self._deadline)

    def connect_unix_socket(self, *args: object, **more: object) -> httpcore.NetworkStream:
        raise OSError("no sockets of this machine")


class _Timed(httpcore.NetworkStream):
    """A connection on which nothing waits beyond the deadline, however slowly bytes trickle."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        encrypted = self._stream.start_tls(ssl_context, server_hostname, timeout=_left(self._deadline))
        return _Timed(encrypted, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
