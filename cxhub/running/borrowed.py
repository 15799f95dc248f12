"""A command that finds no running hub has servers for as long as it runs."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime

from cxhub.running import servers
from cxhub.running.child import Child, spawn
from cxhub.running.data_folder import DataFolder, Ownership, RunningHub
from cxhub.running.processes import PROJECT
from cxhub.running.supervisor import StartError

_OWNER_ENDS_SECONDS = 120.0
_READY_SECONDS = 60.0
_STOP_SECONDS = 10.0


@contextlib.contextmanager
def borrowed_servers(folder: DataFolder, environ: MutableMapping[str, str]) -> Iterator[None]:
    """Inside, settings find servers: those of the running hub, or some that end with this block."""
    ownership = _running_or_owned(folder)
    if ownership is None:
        yield
        return
    try:
        wanted = servers.prepare(folder, environ)
        try:
            with running(wanted.children):
                environ.update(DATABASE_URL=wanted.database_url, REDIS_URL=wanted.redis_url)
                ownership.publish(_as_hub(wanted))
                if wanted.fresh:
                    _make_tables()
                yield
        finally:
            wanted.remove_sockets()
    finally:
        ownership.release()


@contextlib.contextmanager
def running(children: tuple[Child, ...]) -> Iterator[None]:
    """These servers accept connections inside the block and have ended after it."""
    processes: list[tuple[Child, subprocess.Popen[bytes]]] = []
    try:
        with _log() as log:
            for child in children:
                child.prepare()
                processes.append((child, spawn(child, log)))
            _wait_until_ready(processes, log)
        yield
    finally:
        for child, process in reversed(processes):
            process.send_signal(child.stop_signal)
        for _, process in processes:
            try:
                process.wait(timeout=_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _running_or_owned(folder: DataFolder) -> Ownership | None:
    """None when a hub runs there; otherwise the folder is ours. Whoever is starting or ending is waited for."""
    deadline = time.monotonic() + _OWNER_ENDS_SECONDS
    while True:
        ownership = folder.own("command")
        if ownership is not None:
            return ownership
        owner, hub = folder.owner(), folder.running()
        if owner and owner.purpose == "hub" and hub:
            return None
        if time.monotonic() > deadline:
            raise StartError(
                f"{folder.path} has been in use by pid {owner.pid if owner else '?'} for {_OWNER_ENDS_SECONDS:.0f} s.\n"
                "Wait for that command or stop it, or choose another folder with --data DIR."
            )
        time.sleep(0.1)


def _wait_until_ready(processes: list[tuple[Child, subprocess.Popen[bytes]]], log: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    for child, process in processes:
        while not child.ready(process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                said = os.pread(log, 20000, 0).decode("utf-8", "replace").strip()
                raise StartError(f"{child.name} did not start. It said:\n{said}")
            time.sleep(0.02)


@contextlib.contextmanager
def _log() -> Iterator[int]:
    """A nameless file: what servers say while starting is shown only if they fail."""
    handle = os.memfd_create("servers") if hasattr(os, "memfd_create") else os.open(os.devnull, os.O_RDWR)
    try:
        yield handle
    finally:
        os.close(handle)


def _make_tables() -> None:
    """A database made just now gets its tables, so that `create_token` works before the first `up`."""
    migrate = [sys.executable, str(PROJECT / "manage.py"), "migrate", "--no-input", "--verbosity", "0"]
    if subprocess.run(migrate, stdout=sys.stderr, check=False).returncode != 0:
        raise StartError("the migrations of the new database failed; the lines above should say why.")


def _as_hub(wanted: servers.Servers) -> RunningHub:
    return RunningHub(
        pid=os.getpid(),
        database_url=wanted.database_url,
        redis_url=wanted.redis_url,
        web_url="",
        live_url="",
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
