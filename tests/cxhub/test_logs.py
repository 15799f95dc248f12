"""Every process logs JSON lines, and the facts that are needed are among their fields."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from benchmarks.scratch import free_port, wait_for
from cxhub.logs import JsonFormatter

PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.getLogger("django.request").addHandler(handler)
    yield stream
    logging.getLogger("django.request").removeHandler(handler)


def test_line_about_a_request_tells_its_status_and_not_its_address(client: Client, written: io.StringIO) -> None:
    client.get("/login/link/a-secret/nothing/here")
    line = json.loads(written.getvalue())
    assert (line["logger"], line["level"], line["status"]) == ("django.request", "warning", 404)
    assert "a-secret" not in written.getvalue()


def test_live_process_logs_json(tmp_path: Path) -> None:
    port, nobody = free_port(), free_port()
    environ = {
        **os.environ,
        "DATABASE_URL": f"postgresql://cxhub@127.0.0.1:{nobody}/cxhub",
        "REDIS_URL": f"redis://127.0.0.1:{nobody}/0",
        "SECRET_KEY": "for this test and no other",
    }
    log = tmp_path / "log"
    with log.open("w") as stderr:
        command = [sys.executable, "-m", "cxhub.live", "--port", str(port)]
        process = subprocess.Popen(command, env=environ, cwd=PROJECT, stderr=stderr, stdout=stderr)
        try:
            wait_for(f"http://127.0.0.1:{port}/livez")
        finally:
            process.terminate()
            process.wait(10)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {(line["logger"], line["message"], line["fault"]) for line in lines} == {
        ("cxhub.live", "no nudges from Valkey", "ConnectionError"),
        ("cxhub.live", "no heartbeat from PostgreSQL", "OperationalError"),
    }


def test_live_process_loads_no_orm() -> None:
    ask = "import sys, cxhub.live; print([name for name in sys.modules if name.startswith('django.db')])"
    done = subprocess.run([sys.executable, "-c", ask], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
