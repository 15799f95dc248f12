"""`manage.py test`. manage.py goes to `cxhub.running.test_run` directly; this lists the command in `help`."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from cxhub.running import test_run


class Command(BaseCommand):
    """The tests, on a PostgreSQL and a Valkey of their own."""

    help = "Run pytest with these arguments, on a temporary PostgreSQL and Valkey. Installs what the tests need."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Whatever pytest understands."""
        parser.add_argument("arguments", nargs="*", metavar="PYTEST_ARGUMENT")

    def handle(self, *_: Any, **options: Any) -> None:
        """The tests have run."""
        raise SystemExit(test_run.run(options["arguments"], os.environ))
