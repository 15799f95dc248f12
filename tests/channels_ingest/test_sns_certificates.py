"""Certificates of Amazon: fetched once, and never by so many at a time that deliveries of others wait."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from channels_ingest import sns_certificates
from channels_ingest.adapters.base import CannotVerifyError


@pytest.fixture(autouse=True)
def nothing_is_known() -> Iterator[None]:
    kept, sns_certificates._kept = sns_certificates._kept, {}
    failed, sns_certificates._failed = sns_certificates._failed, {}
    yield
    sns_certificates._kept, sns_certificates._failed = kept, failed


class Amazon:
    """A server that answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_answer = threading.Event()
        amazon = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                amazon.asked.append(self.path)
                amazon.may_answer.wait(5)
                self.send_response(200 if "none" not in self.path else 404)
                self.end_headers()
                self.wfile.write(self.path.encode())

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def amazon() -> Iterator[Amazon]:
    found = Amazon()
    yield found
    found.may_answer.set()
    found.server.shutdown()
    found.server.server_close()


def test_deliveries_that_want_one_certificate_wait_for_one_fetch(amazon: Amazon) -> None:
    with ThreadPoolExecutor(6) as threads:
        wanted = [threads.submit(sns_certificates.load, f"{amazon.url}/a.pem") for _ in range(6)]
        while not amazon.asked:
            threading.Event().wait(0.01)
        amazon.may_answer.set()
        assert [each.result() for each in wanted] == [b"/a.pem"] * 6
    assert amazon.asked == ["/a.pem"]


def test_known_certificate_waits_for_no_fetch_and_strangers_take_two_threads(amazon: Amazon) -> None:
    sns_certificates.keep(f"{amazon.url}/known.pem", b"known")
    with ThreadPoolExecutor(3) as threads:
        slow = [threads.submit(sns_certificates.load, f"{amazon.url}/{name}.pem") for name in "ab"]
        while len(amazon.asked) < 2:
            threading.Event().wait(0.01)
        assert sns_certificates.load(f"{amazon.url}/known.pem") == b"known"
        with pytest.raises(CannotVerifyError, match="other certificates"):
            sns_certificates.load(f"{amazon.url}/c.pem")
        amazon.may_answer.set()
        assert [each.result() for each in slow] == [b"/a.pem", b"/b.pem"]
    assert sns_certificates.load(f"{amazon.url}/c.pem") == b"/c.pem"


def test_certificate_that_is_not_there_is_not_asked_for_again_at_once(amazon: Amazon) -> None:
    amazon.may_answer.set()
    for _ in range(3):
        with pytest.raises(CannotVerifyError):
            sns_certificates.load(f"{amazon.url}/none.pem")
    assert amazon.asked == ["/none.pem"]
