"""`manage.py up`: the whole hub on one machine, from the servers to the line `ready http://...`."""

import argparse
import contextlib
import hashlib
import importlib.util
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from cxhub import env
from cxhub.embedded.errors import EmbeddedError
from cxhub.env import SettingError
from cxhub.running import data_folder, ports, processes, servers
from cxhub.running.console import Console
from cxhub.running.data_folder import DataFolder, DataFolderError, Ownership, RunningHub
from cxhub.running.processes import PROJECT, Hub
from cxhub.running.servers import Servers
from cxhub.running.supervisor import KeepsCrashingError, StartError, StopRequested, Supervisor

_SERVERS_READY_SECONDS = 120.0  # crash recovery of a big database takes its time
_PROCESSES_READY_SECONDS = 90.0
_COMMAND_ENDS_SECONDS = 60.0
# The sum stays under the ten seconds after which an impatient service manager kills.
_PROCESSES_STOP_SECONDS = 5.5
_SERVER_STOP_SECONDS = 2.0
_PROCESSES = ("web", "live", "worker", "beat", "sweeper")
_ANNOUNCE = (
    "import django; django.setup(); from channels_ingest import accounts; from cxhub import firstrun;"
    " accounts.log_lost_secrets(); print(firstrun.announce() or str())"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `up`, for the command line and for `manage.py help up`."""
    parser.add_argument(
        "--port", type=int, default=8000, help="of the web server, 0 for a free one; live uses the next"
    )
    parser.add_argument("--data", metavar="DIR", help="the data folder (default: CXHUB_DATA, then .cxhub)")
    parser.add_argument("--demo", action="store_true", help="fill the hub with a believable shop, through its webhooks")


def main(arguments: Sequence[str]) -> int:
    """Run the hub until it is told to stop; the exit status."""
    parser = argparse.ArgumentParser(prog="manage.py up", description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    return run(port=options.port, demo=options.demo, environ=os.environ)


def run(*, port: int, demo: bool, environ: Mapping[str, str]) -> int:
    """0 after a stop that was asked for, 1 when the hub cannot start or go on."""
    console = Console()
    folder = data_folder.chosen(environ, PROJECT)
    try:
        with _owned(folder) as ownership, Supervisor(console) as supervisor:
            web_port, wanted = _prepare(folder, environ, port)
            try:
                _run(ownership, supervisor, console, wanted=wanted, web_port=web_port, demo=demo, environ=environ)
            finally:
                _stop(supervisor)
                wanted.remove_sockets()
    except StopRequested:
        console.note("stopped")
        return 0
    except (StartError, KeepsCrashingError, DataFolderError, EmbeddedError, SettingError) as error:
        for line in str(error).splitlines():
            console.note(line)
        return 1
    return 0


def _prepare(folder: DataFolder, environ: Mapping[str, str], port: int) -> tuple[int, Servers]:
    """What can be wrong is told before anything runs. Gives the web port, and the servers with their data folders."""
    env.load({**environ, "CXHUB_DATA": str(folder.path)})
    web_port = ports.choose(port)
    return web_port, servers.prepare(folder, environ)


def _run(
    ownership: Ownership,
    supervisor: Supervisor,
    console: Console,
    *,
    wanted: Servers,
    web_port: int,
    demo: bool,
    environ: Mapping[str, str],
) -> None:
    folder, live_port = ownership.folder, web_port + 1
    for child in wanted.children:
        supervisor.start(child)
    supervisor.wait_until_ready([child.name for child in wanted.children], within_seconds=_SERVERS_READY_SECONDS)
    known = RunningHub(
        pid=os.getpid(),
        database_url=wanted.database_url,
        redis_url=wanted.redis_url,
        web_url=f"http://{ports.HOST}:{web_port}",
        live_url=f"http://{ports.HOST}:{live_port}",
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    if demo:
        environ = {**environ, "CXHUB_SIMULATOR": "1"}
    hub = Hub(folder, web_port, live_port, _environ(environ, folder, known))
    if not env.live_is_reachable(environ):
        console.note("CXHUB_LIVE_URL is not set: browsers on other machines than this cannot reach the live stream")
    _bring_up_to_date(supervisor, console, hub)
    ownership.publish(replace(known, secret_key_mark=data_folder.mark_of(hub.environ["SECRET_KEY"])))
    for make in (processes.web, processes.live, processes.worker, processes.beat, processes.sweeper):
        supervisor.start(make(hub))
    supervisor.wait_until_ready(_PROCESSES, within_seconds=_PROCESSES_READY_SECONDS)
    console.answer(f"ready {known.web_url}")
    _announce_first_run(supervisor, console, hub)
    if demo:
        supervisor.start(processes.command(hub, "demo", "demo"))
    supervisor.run()


def _environ(environ: Mapping[str, str], folder: DataFolder, known: RunningHub) -> dict[str, str]:
    """The children's environment: nothing is left for them to find out."""
    complete = {
        **environ,
        "DJANGO_SETTINGS_MODULE": environ.get("DJANGO_SETTINGS_MODULE", "cxhub.settings"),
        "CXHUB_DATA": str(folder.path),
        "DATABASE_URL": known.database_url,
        "REDIS_URL": known.redis_url,
        "PUBLIC_BASE_URL": environ.get("PUBLIC_BASE_URL", "").strip() or known.web_url,
        "CXHUB_LIVE_URL": environ.get("CXHUB_LIVE_URL", "").strip() or known.live_url,
        "CXHUB_LOOPBACK_URL": known.web_url,
    }
    return complete | {"SECRET_KEY": env.load(complete).secret_key}


def _bring_up_to_date(supervisor: Supervisor, console: Console, hub: Hub) -> None:
    """The tables are those of the code, and so are the collected static files."""
    if supervisor.run_to_end(processes.command(hub, "migrate", "migrate", "--no-input", "--verbosity", "0")) != 0:
        raise StartError("the migrations failed; the lines above should say why.")
    mark, current = hub.folder.run / "static.fingerprint", _static_fingerprint(PROJECT, collected=hub.folder.static)
    if mark.exists() and mark.read_text(encoding="ascii") == current and hub.folder.static.exists():
        return
    if supervisor.run_to_end(processes.command(hub, "static", "collectstatic", "--no-input", "--verbosity", "0")) != 0:
        raise StartError("the static files could not be collected; the lines above should say why.")
    mark.write_text(current, encoding="ascii")
    console.note("static files collected")


def _static_fingerprint(project: Path, *, collected: Path) -> str:
    """Changes with every static file of the project, how they are collected, and the lock, which fixes the packages."""
    digest = hashlib.sha256((project / "requirements" / "runtime.txt").read_bytes())
    digest.update((PROJECT / "cxhub" / "static_files.py").read_bytes())
    found = [*project.glob("static"), *project.glob("*/static"), *project.glob("*/*/static")]
    # What was collected is no source: data folders stand in the project, and hidden ones may be those of other hubs.
    folders = [
        folder
        for folder in found
        if folder != collected and not any(part.startswith(".") for part in folder.relative_to(project).parts)
    ]
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        facts = path.stat()
        digest.update(f"{path.relative_to(project)} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _announce_first_run(supervisor: Supervisor, console: Console, hub: Hub) -> None:
    """On a hub without users the one-time log-in link is printed; what SECRET_KEY cannot decrypt is told."""
    if importlib.util.find_spec("cxhub.firstrun") is None:
        return
    lines: list[str] = []
    failed = supervisor.run_to_end(processes.snippet(hub, "first run", _ANNOUNCE), captured=lines) != 0
    link = "" if failed or not lines else lines.pop()
    for line in lines:
        console.line("first run", line)
    if link:
        console.answer(f"log in, once: {link}")


def _stop(supervisor: Supervisor) -> None:
    """Everything has ended, the servers last, so that nobody loses what it was writing."""
    supervisor.stop([*_PROCESSES, "demo"], within_seconds=_PROCESSES_STOP_SECONDS)
    supervisor.stop(["valkey"], within_seconds=_SERVER_STOP_SECONDS)
    supervisor.stop(["postgres"], within_seconds=_SERVER_STOP_SECONDS)


@contextlib.contextmanager
def _owned(folder: DataFolder) -> Iterator[Ownership]:
    ownership = _take(folder)
    try:
        yield ownership
    finally:
        ownership.release()


def _take(folder: DataFolder) -> Ownership:
    """The ownership of the folder; a command that borrowed it is waited for, another hub is not."""
    deadline = time.monotonic() + _COMMAND_ENDS_SECONDS
    told = False
    while True:
        ownership = folder.own("hub")
        if ownership is not None:
            return ownership
        owner, hub = folder.owner(), folder.running()
        if owner and (owner.purpose == "hub" or time.monotonic() > deadline):
            where = f" at {hub.web_url}" if hub else ""
            raise StartError(
                f"a {owner.purpose} already runs on {folder.path}{where} (pid {owner.pid}).\n"
                "Stop it first, or choose another folder with --data DIR (and another --port)."
            )
        if owner and not told:
            print(f"manage.py: {folder.path} is in use by pid {owner.pid}; waiting for it", file=sys.stderr, flush=True)
            told = True
        time.sleep(0.1)
