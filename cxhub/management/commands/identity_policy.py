import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from profiles.identity.policy import Policy, policy_from
from profiles.models import IdentityPolicy
from profiles.policies import active_policy
from timeline.rebuilding import Rebuilt, rebuild


class Command(BaseCommand):
    help = "Show the rules of identity, preview what other rules would change, or apply them and rebuild."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("show", help="print the active rules as JSON, to edit")
        preview = verbs.add_parser("preview", help="how many people would split or join; changes nothing")
        preview.add_argument("file", type=Path)
        apply = verbs.add_parser("apply", help="make the rules a new version and rebuild beside the working hub")
        apply.add_argument("file", type=Path)
        apply.add_argument("--reason", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "show":
            self.stdout.write(json.dumps(active_policy().as_document(), indent=2))
            return
        document, policy = self._read(options["file"])
        if options["verb"] == "preview":
            self._tell(rebuild(repair=False, policy=policy), "would")
            return
        with transaction.atomic():
            active = IdentityPolicy.objects.filter(state=IdentityPolicy.State.ACTIVE)
            active.update(state=IdentityPolicy.State.RETIRED)
            row = IdentityPolicy.objects.create(
                document=document, state=IdentityPolicy.State.ACTIVE, reason=options["reason"][:500]
            )
        self.stderr.write(f"version {row.pk} is active: messages are resolved by it from now on; rebuilding")
        self._tell(rebuild(repair=True), "did")

    def _read(self, file: Path) -> tuple[Any, Policy]:
        try:
            document = json.loads(file.read_text("utf-8"))
            return document, policy_from(document, version=0)
        except (OSError, ValueError) as error:
            raise CommandError(f"{file}: {error}") from error

    def _tell(self, result: Rebuilt, how: str) -> None:
        self.stdout.write(f"{result.split} people {how} split off, {result.joined} {how} join others")
