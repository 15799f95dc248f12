"""A load generator that costs little: prebuilt requests over kept connections, one epoll loop, no library."""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Outcome:
    """What came back. `seconds` is the whole run, `latencies` are seconds of each request."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return (self.statuses[200] + self.statuses[202]) / self.seconds if self.seconds else 0.0


class _Connection:
    """One kept connection with one request in flight."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.started = 0.0
        self.received = b""

    def send(self, request: bytes) -> None:
        self.started = time.perf_counter()
        self.received = b""
        self.socket.sendall(request)

    def answer(self) -> int | None:
        """The status once the whole answer is here."""
        self.received += self.socket.recv(65536)
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return int(head[9:12]) if len(body) >= length else None


def fire(port: int, requests: Iterator[bytes], *, connections: int) -> Outcome:
    """Sends every request over `connections` kept connections, each with one in flight."""
    outcome, selector, busy = Outcome(), selectors.DefaultSelector(), 0
    started = time.perf_counter()
    for _ in range(connections):
        request = next(requests, None)
        if request is None:
            break
        connection = _Connection(port)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(request)
        busy += 1
    while busy:
        for key, _ in selector.select():
            connection = key.data
            status = connection.answer()
            if status is None:
                continue
            outcome.statuses[status] += 1
            outcome.latencies.append(time.perf_counter() - connection.started)
            request = next(requests, None)
            if request is None:
                selector.unregister(connection.socket)
                connection.socket.close()
                busy -= 1
            else:
                connection.send(request)
    outcome.seconds = time.perf_counter() - started
    return outcome


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A whole HTTP/1.1 request as bytes."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Content-Length: {len(body)}",
        "Content-Type: application/json",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of `values` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
