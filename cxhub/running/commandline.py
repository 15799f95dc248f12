"""From a command line to the command, with the servers that it needs. The requirements are installed by now."""

import contextlib
import os
import sys
import warnings
from collections.abc import Sequence

from cxhub import env
from cxhub.embedded.errors import EmbeddedError
from cxhub.env import PROJECT, SettingError
from cxhub.running import data_folder
from cxhub.running.data_folder import DataFolderError
from cxhub.running.supervisor import StartError

# These look at the code only. Every other command gets a database.
_WITHOUT_SERVERS = frozenset(
    {
        "check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "help", "makemessages",
        "makemigrations", "spectacular", "startapp", "startproject", "version",
    }
)  # fmt: skip


def run(argv: Sequence[str]) -> int:
    """Run the command; its exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxhub.settings")
    try:
        arguments = list(argv[1:])
        command = arguments[0] if arguments else "help"
        if command == "test":
            from cxhub.running import test_run

            return test_run.run(arguments[1:], os.environ)
        arguments = _take_data_option(arguments)
        if command == "up":
            from cxhub.running import up  # neither Django nor psycopg: the supervisor stays small

            return up.main(arguments[1:])
        return _manage([argv[0], *arguments], only_reads_code=_only_reads_code(command, arguments))
    except (StartError, EmbeddedError, DataFolderError, SettingError) as error:
        print(f"manage.py: {error}", file=sys.stderr)
        return 1


def _manage(argv: list[str], *, only_reads_code: bool) -> int:
    from django.core.management import execute_from_command_line

    if only_reads_code:
        # makemigrations would like to compare with a database and says that it cannot; it need not.
        warnings.filterwarnings("ignore", message="Got an error checking a consistent migration history")
        execute_from_command_line(argv)
        return 0
    with _servers():
        env.check_secret_key(os.environ)
        execute_from_command_line(argv)
    return 0


def _servers() -> contextlib.AbstractContextManager[None]:
    """Inside, there is a database: the one that DATABASE_URL names, the running hub's, or a borrowed one."""
    if os.environ.get("DATABASE_URL", "").strip():
        return contextlib.nullcontext()
    from cxhub.running.borrowed import borrowed_servers

    return borrowed_servers(data_folder.chosen(os.environ, PROJECT), os.environ)


def _only_reads_code(command: str, arguments: Sequence[str]) -> bool:
    asks_for_help = command.startswith("-") or "--help" in arguments or "-h" in arguments
    return command in _WITHOUT_SERVERS or asks_for_help


def _take_data_option(arguments: list[str]) -> list[str]:
    """`--data DIR` of any command becomes CXHUB_DATA, so that settings and children find it; the rest is returned."""
    rest: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        name, given, value = argument.partition("=")
        if name != "--data":
            rest.append(argument)
            continue
        folder = value if given else next(remaining, "")
        if not folder:
            raise DataFolderError("--data: expected the name of a folder.")
        os.environ["CXHUB_DATA"] = os.path.abspath(os.path.expanduser(folder))
    return rest
