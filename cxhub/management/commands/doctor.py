import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import connection

from cxhub.doctor import database, installation, machine, processes, valkey
from cxhub.doctor.findings import Finding, State, bad, examine
from cxhub.running.data_folder import DataFolder

_MARKS = {State.OK: "ok     ", State.WARNING: "look   ", State.BAD: "WRONG  "}


class Command(BaseCommand):
    help = "Examine this installation and say in plain words what to do; exit with 1 if something is wrong."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="the findings as one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = list(diagnose(settings.DATA_FOLDER, settings.REDIS_URL))
        wrong = sum(finding.state is State.BAD for finding in findings)
        if options["json"]:
            self.stdout.write(json.dumps({"is_sound": not wrong, "findings": [asdict(each) for each in findings]}))
        else:
            for finding in findings:
                self._say(finding)
            looks = sum(finding.state is State.WARNING for finding in findings)
            self.stdout.write(f"{wrong} wrong, {looks} to look at, {len(findings) - wrong - looks} ok")
        if wrong:
            raise SystemExit(1)

    def _say(self, finding: Finding) -> None:
        self.stdout.write(f"{_MARKS[finding.state]} {finding.about}: {finding.says}")
        if finding.do:
            self.stdout.write(f"        → {finding.do}")


def diagnose(folder: DataFolder, redis_url: str) -> Iterator[Finding]:
    """Every finding, in the order in which they explain each other."""
    yield from examine("python", machine.python)
    yield from examine("data folder", partial(machine.data_folder, folder))
    yield from examine("disk", partial(machine.disk, folder))
    yield from examine("valkey", partial(valkey.server, redis_url))
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        says = f"no connection ({type(error).__name__}); nothing else can be told without it"
        yield bad("postgresql", says, "Start the server that DATABASE_URL names, or correct DATABASE_URL.")
        return
    yield from examine("postgresql", database.server)
    yield from examine("postgresql", database.capacity)
    yield from examine("clock", database.clock)
    tables = list(examine("tables", database.tables))
    yield from tables
    if any(finding.state is State.BAD for finding in tables):
        return
    yield from examine("SECRET_KEY", installation.secret_key)
    yield from examine("addresses", installation.addresses)
    yield from examine("CXHUB_DEBUG", installation.for_trying_out)
    yield from examine("lines", installation.lines)
    yield from examine("inbox", installation.inbox)
    yield from examine("outbox", installation.outbox)
    yield from examine("files", installation.files)
    yield from examine("search", installation.search)
    yield from examine("sweeper", processes.sweeper)
    yield from examine("worker", processes.worker)
    yield from examine("beat", partial(processes.beat, folder))
