"""Long answers, sent as the reader takes them: files of messages, which are never held in memory whole."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Headers = list[tuple[str, str]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

#: What may be longer than memory should hold.
STREAMED = ("/media/",)
#: Files have threads of their own: decoding pictures must not take agents' pages, nor a slow storage.
THREADS = 3
#: A reader who takes nothing for so long is cut off.
READER_SECONDS = 30.0


async def stream(protocol: Any, pool: ThreadPoolExecutor, wsgi: Wsgi, environ: dict[str, Any]) -> None:
    """The WSGI application's answer is sent part by part. A thread is only taken while a part is made or read."""
    loop = asyncio.get_running_loop()
    status, headers, answer = await loop.run_in_executor(pool, _begun, wsgi, environ)
    try:
        if environ["REQUEST_METHOD"] == "HEAD":
            protocol.response_empty(status, headers)
            return
        parts = iter(answer)
        transport = protocol.response_stream(status, headers)
        while part := await loop.run_in_executor(pool, next, parts, b""):
            await asyncio.wait_for(transport.send_bytes(part), READER_SECONDS)
    finally:
        await loop.run_in_executor(pool, _close, answer)


def _begun(wsgi: Wsgi, environ: dict[str, Any]) -> tuple[int, Headers, Iterable[bytes]]:
    started: list[tuple[int, Headers]] = []

    def start_response(status: str, headers: Headers, _exc_info: object = None) -> None:
        started.append((int(status[:3]), headers))

    answer = wsgi(environ, start_response)
    return *started[-1], answer


def _close(answer: Iterable[bytes]) -> None:
    if hasattr(answer, "close"):
        answer.close()
