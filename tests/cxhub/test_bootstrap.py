import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cxhub.bootstrap import BootstrapError, Lock, install, stamp_matches
from tests.cxhub.hub_rig import PROJECT, outside_environ

_LOCK = """\
demo-package==1.2.0 \\
    --hash=sha256:00
other_one==3.0 ; sys_platform == 'win32' \\
    --hash=sha256:11
"""


def _old_python(version: str) -> str | None:
    found = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    return str(found[-1]) if found else shutil.which(f"python{version}")


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.8", "3.9", "3.10"])
def test_old_python_says_what_it_needs(version: str) -> None:
    python = _old_python(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    done = subprocess.run([python, str(PROJECT / "manage.py"), "up"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"manage.py needs Python 3.11 or newer; this is Python {version}.")


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    path = tmp_path / "requirements" / "runtime.txt"
    path.parent.mkdir()
    path.write_text(_LOCK)
    return Lock(path)


def _site(tmp_path: Path, *names: str) -> list[str]:
    for name in names:
        (tmp_path / "site" / f"{name}.dist-info").mkdir(parents=True)
    return [str(tmp_path / "nowhere"), str(tmp_path / "site")]


def test_lock_is_met_by_its_exact_versions_and_a_marked_pin_may_be_absent(lock: Lock, tmp_path: Path) -> None:
    assert lock.is_met_by(_site(tmp_path, "Demo_Package-1.2.0"))


@pytest.mark.parametrize("names", [[], ["demo_package-1.2.1"], ["demo_package-1.2.0", "other_one-2.9"]])
def test_lock_is_not_met_by_other_versions(lock: Lock, tmp_path: Path, names: list[str]) -> None:
    assert not lock.is_met_by(_site(tmp_path, *names))


def test_real_lock_is_met_by_the_environment_of_this_run() -> None:
    assert Lock(PROJECT / "requirements" / "development.txt").is_met_by(sys.path)


def test_half_finished_install_is_repaired_and_a_changed_lock_installs_again(
    lock: Lock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    venv = tmp_path / ".venv"
    lock.path.write_text("")  # nothing to fetch
    (venv / "bin").mkdir(parents=True)  # what a killed `python -m venv` may leave
    install(lock, venv)
    assert stamp_matches(venv, lock)

    lock.path.write_text(_LOCK)
    assert not stamp_matches(venv, lock)
    with pytest.raises(BootstrapError, match="the package index cannot be reached") as raised:
        install(lock, venv)
    assert "run the same command again" in str(raised.value)
    assert not stamp_matches(venv, lock)
    (venv / "lib" / "torn").touch()  # a killed pip leaves packages that are not whole

    lock.path.write_text("# nothing either\n")
    install(lock, venv)
    assert stamp_matches(venv, lock)
    assert not (venv / "lib" / "torn").exists()


def test_python_without_venv_names_the_package_to_install(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['ensurepip'] = None\n"
        "from pathlib import Path; from cxhub import bootstrap\n"
        "bootstrap.importlib.util.find_spec = lambda name: None if name == 'ensurepip' else name\n"
        f"bootstrap.install(bootstrap.Lock(Path({str(PROJECT / 'requirements' / 'runtime.txt')!r})),"
        f" Path({str(tmp_path / '.venv')!r}))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert "apt install python3-venv" in done.stderr


def test_second_command_waits_for_the_one_that_installs(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "requirements").mkdir(parents=True)
    (project / "requirements" / "runtime.txt").write_text("left-out==1.0 ; python_version < '3'\n")
    (project / "cxhub" / "running").mkdir(parents=True)
    for package in ("cxhub", "cxhub/running"):
        (project / package / "__init__.py").touch()
    commandline = project / "cxhub" / "running" / "commandline.py"
    commandline.write_text("def run(argv):\n    print('ran', argv[1])\n    return 0\n")
    shutil.copy(PROJECT / "cxhub" / "bootstrap.py", project / "cxhub")
    shutil.copy(PROJECT / "manage.py", project)
    # The base interpreter has nothing of the lock: an unmarked pin is what makes it look for .venv.
    (project / "requirements" / "runtime.txt").write_text("# pin\nnot-there==1.0\n")
    wheel = _wheel(tmp_path / "wheels")
    (project / "requirements" / "runtime.txt").write_text(f"not-there==1.0 --hash=sha256:{wheel}\n")
    environ = outside_environ(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path / "wheels"), PIP_CONFIG_FILE=os.devnull)
    base = getattr(sys, "_base_executable", sys.executable)
    command = [base, str(project / "manage.py"), "check"]
    both = [
        subprocess.Popen(command, env=environ, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60) for process in both]
    assert [out for out, _ in said] == ["ran check\n", "ran check\n"], said
    assert sorted(err.count("installing requirements/runtime.txt") for _, err in said) == [0, 1]


def _wheel(folder: Path) -> str:
    """The smallest wheel; its SHA-256."""
    import hashlib
    import zipfile

    folder.mkdir()
    path = folder / "not_there-1.0-py3-none-any.whl"
    info = "not_there-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("not_there.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: not-there\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"not_there.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()
