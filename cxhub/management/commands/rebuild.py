import resource
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from timeline.rebuilding import rebuild


class Command(BaseCommand):
    help = "Compute every projection anew from sightings, decisions and entries, and report what differed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if anything differs")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        result = rebuild(repair=not options["check"], progress=self._tell if sys.stderr.isatty() else lambda _: None)
        for what, count in sorted(result.looked_at.items()):
            self.stderr.write(f"{count:>12,} {what} looked at")
        for what, count in sorted(result.differed.items()):
            if count:
                self.stderr.write(
                    f"{count:>12,} {what} differed" + (" and are right now" if not options["check"] else "")
                )
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.stderr.write(f"{time.monotonic() - started:.1f} s, {most:.0f} MB at most")
        differed = sum(result.differed.values())
        self.stdout.write(f"{differed} differences")
        if differed and options["check"]:
            raise SystemExit(1)

    def _tell(self, count: int) -> None:
        self.stderr.write(f"\r{count:,} channel identities", ending="")
