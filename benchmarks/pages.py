"""What the server works for an agent's pages: queries, and processor time, which means something on a busy machine too.

Run by `bench ui` in a process of its own, on the database of its hub: `python -m benchmarks.pages PROFILE`.
"""

import os
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from benchmarks import hub, scratch

if TYPE_CHECKING:
    from django.test import Client

ROUNDS = 40
#: htmx asks so, and gets the customer without the queue beside it.
FRAGMENT = {"HX-Request": "true"}


def tell(running: hub.Hub, profile: int) -> None:
    """Prints the work for the customer's page, for another customer in its place, and for what such a page loads."""
    state = running.state()
    environ = running.environ | {key.upper(): state[key] for key in ("database_url", "redis_url") if key in state}
    environ |= {"DJANGO_SETTINGS_MODULE": "cxhub.settings"}
    command = [sys.executable, "-m", "benchmarks.pages", str(profile)]
    subprocess.run(command, env=environ, cwd=scratch.PROJECT, check=True)


def _inside(profile: int) -> None:
    import django

    django.setup()
    from django.test import Client
    from django.urls import reverse

    from profiles.models import StaffMember
    from timeline.models import QueueRow

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(StaffMember.objects.filter(is_active=True).earliest("id"))
    other = QueueRow.objects.exclude(profile_id=profile).latest("last_entry_at").profile_id
    page, next_page = (reverse("inbox-customer", args=["all", pk]) for pk in (profile, other))
    _tell(client, "first page, with the queue", page, {}, "at most 12 queries")
    _tell(client, "the same customer, without the queue", page, FRAGMENT, "at most 12 queries")
    _tell(client, "next customer", next_page, FRAGMENT, "at most 12 queries")
    for name in ("composer", "reach", "side"):
        _tell(client, f"then its {name}", reverse(name, args=[other]), FRAGMENT)


def _tell(client: "Client", what: str, path: str, headers: dict[str, str], aim: str = "") -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def ask() -> Any:
        answer = client.get(path, headers=headers)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer

    ask()
    with CaptureQueriesContext(connection) as queries:
        length = len(ask().content)
    asked = len(queries)
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        ask()
        took.append((time.process_time() - began) * 1000)
    cuts = statistics.quantiles(took, n=20)
    print(
        f"server, {what}: {asked} queries, {length:,} bytes, CPU least {min(took):.0f}  p50 {cuts[9]:.0f}"
        f"  p95 {cuts[18]:.0f} ms" + (f" (aim {aim})" if aim else ""),
        flush=True,
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxhub.settings")
    _inside(int(sys.argv[1]))
