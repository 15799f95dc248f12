"""`manage.py up`. manage.py goes to `cxhub.running.up` directly; this lists the command in `help`."""

import argparse
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from cxhub.running import up


class Command(BaseCommand):
    """The whole hub on this machine."""

    help = "Run the whole hub on this machine: servers, web, live, worker, beat and sweeper. Ctrl-C stops all of it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of `cxhub.running.up`."""
        up.add_arguments(parser)

    def handle(self, *_: Any, **options: Any) -> None:
        """The hub has run and has ended."""
        given = argparse.Namespace(**options)
        environ = os.environ | ({"CXHUB_DATA": os.path.abspath(given.data)} if given.data else {})
        raise SystemExit(up.run(port=given.port, demo=given.demo, environ=environ))
