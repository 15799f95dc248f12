from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from channels_ingest import envelopes, pipeline
from channels_ingest.models import Envelope

STATES = {"dead": Envelope.State.DEAD, "not_understood": Envelope.State.NOT_UNDERSTOOD}


class Command(BaseCommand):
    help = "Work envelopes again: what they already made stays once, what they failed to make is made."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("envelopes", nargs="*", type=int, metavar="ENVELOPE")
        parser.add_argument("--state", choices=sorted(STATES), help="all envelopes in this state")
        parser.add_argument("--account", help="only those of the account with this key")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["envelopes"] and not options["state"]:
            raise CommandError("say which: envelope ids, or --state dead, or --state not_understood")
        wanted = Envelope.objects.all()
        if options["envelopes"]:
            wanted = wanted.filter(id__in=options["envelopes"])
        if options["state"]:
            wanted = wanted.filter(state=STATES[options["state"]])
        if options["account"]:
            wanted = wanted.filter(account__key=options["account"])
        count = envelopes.replay(wanted.values_list("id", flat=True))
        worked = pipeline.drain()
        self.stderr.write(f"{count} envelopes due again; {worked.envelopes} worked here, {worked.faults} faults")
        self.stdout.write(str(count))
