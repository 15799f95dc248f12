"""The hub's own processes: how each is started, and how one sees that it works."""

import functools
import http.client
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cxhub.running.child import Child
from cxhub.running.data_folder import DataFolder
from cxhub.running.readiness import READY_FILE

PROJECT = Path(__file__).resolve().parent.parent.parent
# One worker process, because memory is scarce; `cxhub.front` has its threads.
WEB_FLAGS = (
    "--interface", "rsgi", "--workers", "1", "--backlog", "2048", "--backpressure", "2048",
    "--http", "1", "--no-ws", "--no-access-log", "--log-level", "error",
    # A worker that died is restarted by granian; one that will not end with a stream open is killed.
    "--respawn-failed-workers", "--respawn-interval", "0.2", "--workers-kill-timeout", "4",
)  # fmt: skip
# A process that never announces itself counts as ready after this, so that it cannot hold up the others.
_SILENCE_MEANS_READY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Hub:
    """What the processes need to know. `environ` is complete: the children inherit nothing else."""

    folder: DataFolder
    web_port: int
    live_port: int
    environ: Mapping[str, str]


def web(hub: Hub) -> Child:
    """The WSGI server."""
    return _python(
        hub, "web",
        "-m", "granian", *WEB_FLAGS, "--host", "127.0.0.1", "--port", str(hub.web_port), "cxhub.front:application",
        ready=functools.partial(_answers, hub.web_port),
    )  # fmt: skip


def live(hub: Hub) -> Child:
    """The server of the event streams."""
    return _python(
        hub, "live", "-m", "cxhub.live", "--port", str(hub.live_port), ready=functools.partial(_answers, hub.live_port)
    )


def worker(hub: Hub) -> Child:
    """The Celery worker. The solo pool works in the process itself: half the memory, and nothing to orphan."""
    return _announcing(
        hub, "worker",
        "-m", "celery", "--app", "cxhub.running.celery_process", "--quiet",
        "worker", "--pool", "solo", "--loglevel", "WARNING",
        "--without-gossip", "--without-mingle", "--without-heartbeat", "--hostname", "worker@%h",
    )  # fmt: skip


def beat(hub: Hub) -> Child:
    """The clock that queues periodic tasks."""
    return _announcing(
        hub, "beat",
        "-m", "celery", "--app", "cxhub.running.celery_process", "--quiet",
        "beat", "--loglevel", "WARNING",
        "--schedule", str(hub.folder.run / "beat-schedule"),
    )  # fmt: skip


def sweeper(hub: Hub) -> Child:
    """The loop that finds in PostgreSQL whatever a nudge did not reach."""
    return _announcing(hub, "sweeper", str(PROJECT / "manage.py"), "sweep")


def command(hub: Hub, name: str, *arguments: str) -> Child:
    """One management command that ends by itself, shown under a name of its own."""
    return _python(hub, name, str(PROJECT / "manage.py"), *arguments, ready=lambda _pid: True, restarts=False)


def snippet(hub: Hub, name: str, source: str) -> Child:
    """A few lines of Python that end by themselves."""
    return _python(hub, name, "-c", source, ready=lambda _pid: True, restarts=False)


def _announcing(hub: Hub, name: str, *arguments: str) -> Child:
    """A process without a port: it touches a file when it is ready (`cxhub.running.readiness`)."""
    ready_file = hub.folder.run / f"{name}.ready"
    since: dict[int, float] = {}

    def prepare() -> None:
        ready_file.unlink(missing_ok=True)

    def ready(pid: int) -> bool:
        return ready_file.exists() or time.monotonic() - since.setdefault(pid, time.monotonic()) > (
            _SILENCE_MEANS_READY_SECONDS
        )

    return _python(hub, name, *arguments, ready=ready, prepare=prepare, more={READY_FILE: str(ready_file)})


def _python(
    hub: Hub,
    name: str,
    *arguments: str,
    ready: Callable[[int], bool],
    prepare: Callable[[], None] = lambda: None,
    more: Mapping[str, str] | None = None,
    restarts: bool = True,
) -> Child:
    return Child(
        name=name,
        command=(sys.executable, *arguments),
        environ={**hub.environ, "PYTHONUNBUFFERED": "1", **(more or {})},
        ready=ready,
        prepare=prepare,
        working_folder=PROJECT,
        restarts=restarts,
    )


def _answers(port: int, _pid: int) -> bool:
    """The process on this port answers /livez with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
