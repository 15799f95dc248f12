"""A supervisor is tried in a process of its own: it takes the signals and the orphans of the process that it is in."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.cxhub.hub_rig import Started, all_gone, holds_within, outside_environ

_RIG = """
import os, sys
from pathlib import Path
from cxhub.running.child import Child
from cxhub.running.console import Console
from cxhub.running.supervisor import KeepsCrashingError, Policy, StopRequested, Supervisor

def child(name, source, **more):
    return Child(name=name, command=(sys.executable, "-u", "-c", source), environ=dict(os.environ),
                 ready=lambda pid: True, first_restart_seconds=0.05, **more)
try:
    with Supervisor(Console(), Policy(longest_restart_seconds=0.4)) as supervisor:
        {body}
        print("started", flush=True)
        supervisor.run()
except KeepsCrashingError as error:
    print(error)
    sys.exit(1)
except StopRequested:
    print("asked to stop")
"""


def _supervisor(*lines: str) -> Started:
    source = _RIG.replace("{body}", "\n        ".join(lines))
    return Started([sys.executable, "-c", source], outside_environ())


def test_fifth_crash_stops_everything_and_says_which() -> None:
    with _supervisor(
        """supervisor.start(child("steady", "import time; time.sleep(60)"))""",
        """supervisor.start(child("shaky", "print('hello'); raise SystemExit(3)"))""",
    ) as rig:
        rig.line_with("started", within_seconds=30)
        family = rig.family()
        told = rig.line_with("crashed 5 times", within_seconds=10)
        assert told.startswith("shaky crashed 5 times within 60 seconds (last: exit status 3).")
        assert rig.process.wait(timeout=10) == 1
        assert rig.seen.count("shaky   | hello") == 5
        delays = [line.rpartition(" in ")[2] for line in rig.seen if "starting it again" in line]
        assert delays == ["0.05 s", "0.1 s", "0.2 s", "0.4 s"]
        assert all_gone(family, within_seconds=2)


def test_killed_child_comes_back_and_its_own_children_do_not_stay() -> None:
    source = "import subprocess as s, time; print(s.Popen(['sleep', '60'], start_new_session=True).pid); time.sleep(60)"
    with _supervisor(f"supervisor.start(child('master', {source!r}))") as rig:
        worker = int(rig.line_with("master  | ", within_seconds=30).split("|")[1])
        os.kill(psutil.Process(worker).ppid(), signal.SIGKILL)
        assert "ended with SIGKILL" in rig.line_with("starting it again", within_seconds=30)
        rig.line_with("master  | ", within_seconds=30)
        assert not psutil.pid_exists(worker)
        rig.process.send_signal(signal.SIGTERM)
        rig.line_with("asked to stop", within_seconds=30)
        assert rig.process.wait(timeout=30) == 0


def test_child_that_ignores_the_stop_signal_is_killed() -> None:
    source = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"
    with _supervisor(f"supervisor.start(child('deaf', {source!r}))") as rig:
        rig.line_with("deaf    | deaf", within_seconds=30)
        family = rig.family()
        started = time.monotonic()
        rig.process.send_signal(signal.SIGINT)
        assert rig.process.wait(timeout=30) == 0
        assert time.monotonic() - started < 20  # the child would sleep for a minute
        assert all_gone(family, within_seconds=10)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread of the child watches its parent")
def test_nothing_runs_after_the_supervisor_was_killed() -> None:
    with _supervisor("""supervisor.start(child("steady", "import time; print('up'); time.sleep(60)"))""") as rig:
        rig.line_with("steady  | up", within_seconds=30)
        family = rig.family()
        assert len(family) == 2
        rig.process.kill()
        assert all_gone(family, within_seconds=2)
        rig.process.wait()


def test_last_words_of_a_child_are_shown_whole(tmp_path: Path) -> None:
    source = "import sys; sys.stdout.write('a' * 100_000 + '\\\\nno newline at the end')"
    with _supervisor(f"""supervisor.run_to_end(child("once", "{source}"))""") as rig:
        rig.line_with("once    | no newline at the end", within_seconds=30)
        assert sum(len(line) for line in rig.seen if "aaa" in line) >= 100_000
        rig.process.send_signal(signal.SIGTERM)
        assert holds_within(5, lambda: rig.process.poll() is not None)


def test_signal_in_the_middle_of_a_long_line_cuts_nothing() -> None:
    source = """
import signal
import subprocess
from cxhub.running.console import Console
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
Console().line("once", "a" * 500_000)
"""
    environ = {**outside_environ(), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([sys.executable, "-c", source], env=environ, stderr=subprocess.PIPE) as process:
        assert process.stderr
        time.sleep(1)  # the pipe is full, and the signal has come
        assert len(process.stderr.read()) == len("once    | ") + 500_000 + 1
