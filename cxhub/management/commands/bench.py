import importlib
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

#: What each benchmark measures, and how many deliveries it uses unless told otherwise.
BENCHMARKS = {
    "receive": ("accepted deliveries/s beside a no-op view and single-row inserts", 20_000),
    "receivers": ("the same for every provider, each with its own deliveries", 3_000),
    "pipeline": ("messages/s from stored to on the timeline, one worker", 20_000),
    "identity": (
        "merge and unmerge by history, pure resolve, rebuild of so many channel identities",
        1_000_000,
    ),
    "queue": ("each view of the queue among so many customers, as its page is asked for", 300_000),
    "rebuild": ("seconds and memory of rebuilding so many channel identities", 1_000_000),
    "alike": ("looking for duplicates of one new customer among so many, and of an import", 200_000),
    "channels": (
        "messages/s of reading each provider's deliveries, beside the standard library; milliseconds a round",
        200,
    ),
    "brief": ("the brief and the side panel of one customer with so many entries", 100_000),
    "search": ("customers and entries found among so many entries, by everything an agent may write", 1_000_000),
    "lighthouse": ("Lighthouse on log-in, inbox and a customer with so many entries; needs node", 100_000),
    "ui": (
        "webhook POST to visible at 50 webhooks/s, a customer with 100,000 entries, keys, 1,000 open streams",
        500,
    ),
    "visible": ("webhook POST to visible in an open browser at 50 webhooks/s, stage by stage, and the CPU of it", 500),
    "live": ("webhook POST to event in an open page at 50 webhooks/s, and the memory of each process", 1_000),
}


class Command(BaseCommand):
    help = "Measure the hub on this machine: " + "; ".join(f"{name}: {what}" for name, (what, _) in BENCHMARKS.items())

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", choices=sorted(BENCHMARKS))
        parser.add_argument("--count", type=int, help="deliveries to use")

    def handle(self, *args: Any, **options: Any) -> None:
        benchmark = importlib.import_module(f"benchmarks.{options['name']}")
        benchmark.run(options["count"] or BENCHMARKS[options["name"]][1])
