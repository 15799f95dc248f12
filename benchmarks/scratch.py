"""A scratch database beside the real one, and servers on it, all gone afterwards."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings

PROJECT = Path(__file__).resolve().parent.parent
NAME = os.environ.get("CXHUB_BENCH_DATABASE", "cxhub_bench")


@contextmanager
def database(name: str = NAME) -> Iterator[dict[str, str]]:
    """A fresh, migrated scratch database, dropped at the end; yields the environment that points at it."""
    from cxhub import env

    real = env.load(os.environ)
    with psycopg.connect(real.database_url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name}")
        url = urlunsplit(urlsplit(real.database_url)._replace(path=f"/{name}"))
        environ = {
            **os.environ,
            "DATABASE_URL": url,
            "REDIS_URL": settings.REDIS_URL,
            "SECRET_KEY": settings.SECRET_KEY,
        }
        try:
            manage(environ, "migrate", "--verbosity", "0")
            yield environ
        finally:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def manage(environ: dict[str, str], *arguments: str) -> str:
    """What a management command printed on stdout, run on the scratch database."""
    done = subprocess.run(
        [sys.executable, str(PROJECT / "manage.py"), *arguments],
        env=environ, check=True, capture_output=True, text=True, cwd=PROJECT,
    )  # fmt: skip
    return done.stdout.strip()


@contextmanager
def server(application: str, environ: dict[str, str]) -> Iterator[int]:
    """The WSGI application under granian with the hub's own flags, on a free port."""
    from cxhub.running.processes import WEB_FLAGS

    port = free_port()
    command = [sys.executable, "-m", "granian", *WEB_FLAGS, "--host", "127.0.0.1", "--port", str(port), application]
    process = subprocess.Popen(command, env=environ, cwd=PROJECT, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/livez")
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(url: str, seconds: float = 30) -> None:
    """Returns once the URL answers. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{url} did not answer within {seconds} s")
