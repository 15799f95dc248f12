"""`manage.py test`: pytest against a PostgreSQL and a Valkey of its own."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path

from cxhub.running import servers
from cxhub.running.borrowed import running
from cxhub.running.data_folder import DataFolder
from cxhub.running.processes import PROJECT


def run(arguments: Sequence[str], environ: MutableMapping[str, str]) -> int:
    """pytest has run with these arguments, and nothing of it is left; its exit status."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))
    with _temporary_folder() as folder:
        wanted = servers.prepare(folder, environ, durable=False)
        complete = {
            **environ,
            "CXHUB_DATA": str(folder.path),
            "DATABASE_URL": wanted.database_url,
            "REDIS_URL": wanted.redis_url,
        }
        try:
            with running(wanted.children):
                return _pytest(arguments, complete)
        finally:
            wanted.remove_sockets()


def _pytest(arguments: Sequence[str], environ: MutableMapping[str, str]) -> int:
    """Run it where manage.py lies. Ctrl-C reaches it too: wait for its own summary."""
    process = subprocess.Popen([sys.executable, "-m", "pytest", *arguments], cwd=PROJECT, env=environ)
    try:
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                return process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def _temporary_folder() -> Iterator[DataFolder]:
    path = Path(tempfile.mkdtemp(prefix="cxhub-test-"))
    os.chmod(path, 0o700)
    try:
        folder = DataFolder(path)
        folder.make()
        yield folder
    finally:
        shutil.rmtree(path, ignore_errors=True)
