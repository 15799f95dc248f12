"""A TCP tunnel that a test can cut, close and hold up: what becomes of a page when something in between fails."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

Pair = tuple[socket.socket, socket.socket]


class Tunnel:
    """Forwards a port of its own to `target`, a port or the path of a socket.

    `is_open` false refuses, `is_stalled` true forwards nothing.
    """

    def __init__(self, target: int | str) -> None:
        self.target = target
        self.is_open = True
        self.is_stalled = False
        self._pairs: dict[Pair, float] = {}  # since when
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def connections(self) -> int:
        """So many stand at the moment."""
        return len(self._pairs)

    def cut(self, *, older_than_seconds: float = 0.0) -> int:
        """Every connection that is so old ends; returns how many there were."""
        now = time.monotonic()
        pairs = [pair for pair, since in list(self._pairs.items()) if now - since >= older_than_seconds]
        for pair in pairs:
            self._end(pair)
        return len(pairs)

    def close(self) -> None:
        """Nothing goes through any more."""
        self.is_open = False
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                if not self.is_open:
                    raise ConnectionRefusedError
                far = self._reach()
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            pair = (near, far)
            self._pairs[pair] = time.monotonic()
            threading.Thread(target=self._forward, args=(near, far, pair), daemon=True).start()
            threading.Thread(target=self._forward, args=(far, near, pair), daemon=True).start()

    def _reach(self) -> socket.socket:
        if isinstance(self.target, int):
            return socket.create_connection(("127.0.0.1", self.target), timeout=5)
        far = socket.socket(socket.AF_UNIX)
        far.connect(self.target)
        return far

    def _forward(self, source: socket.socket, sink: socket.socket, pair: Pair) -> None:
        is_old = False
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                is_old = is_old or self.is_stalled  # a connection that was held up once stays dead
                if not is_old:
                    sink.sendall(data)
        self._end(pair)

    def _end(self, pair: Pair) -> None:
        self._pairs.pop(pair, None)
        for end in pair:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextlib.contextmanager
def tunnel(target: int | str) -> Iterator[Tunnel]:
    """A tunnel to a server of this machine, gone afterwards."""
    one = Tunnel(target)
    try:
        yield one
    finally:
        one.close()
