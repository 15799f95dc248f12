import time
import uuid
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from channels_ingest.simulator.lines import PROVIDER, SimulatorError, line_of, new_client, poster_for, webhook_url
from channels_ingest.simulator.payloads import Customer, payload_of
from channels_ingest.simulator.phones import Phone
from channels_ingest.simulator.posting import Posted
from profiles.models import ChannelAccount

TEXTS = (
    "Hi! Is the green one still available?",
    "I ordered on Monday, could you tell me where it is?",
    "The zip broke after a week. Can you repair it?",
    "Thank you, that was quick!",
)

PATIENCE_SECONDS = 5.0


class Command(BaseCommand):
    help = "Play Meta: post signed WhatsApp messages of one customer to the running hub."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", metavar="KEY", help="key of the line; default: the first WhatsApp line")
        parser.add_argument(
            "--from", dest="sender", default="+15550100", metavar="NUMBER", help="the customer's number"
        )
        parser.add_argument("--name", default="Mira Lind", help="the customer's profile name")
        parser.add_argument("--text", help="what they write; default: a few sentences in turn")
        parser.add_argument(
            "--count", type=int, default=1, help="how many messages; it stops at one that is not accepted"
        )
        parser.add_argument("--rate", type=float, default=5.0, help="messages per second, at most")

    def handle(self, *args: Any, **options: Any) -> None:
        number = "".join(filter(str.isdigit, options["sender"]))
        if not number or options["count"] < 1 or options["rate"] <= 0:
            raise CommandError("--from needs a number with digits, --count at least 1, --rate more than 0")
        account = self._account(options["account"])
        texts = [options["text"]] if options["text"] else TEXTS
        phone = Phone(line_of(account), Customer(name=options["name"], wa_id=number), seed=uuid.uuid4().hex)
        self.stderr.write(f"posting to {account.name}, {webhook_url(account)}")
        began = time.monotonic()
        try:
            posted = list(self._post(account, phone, islice(cycle(texts), options["count"]), 1 / options["rate"]))
        except SimulatorError as error:
            raise CommandError(str(error)) from error
        accepted = sum(one.is_accepted for one in posted)
        self.stdout.write(f"{accepted} of {len(posted)} accepted in {time.monotonic() - began:.1f} s")
        if accepted < len(posted):
            raise CommandError(f"stopped at a delivery that was not accepted: {_advice(posted[-1])}")

    def _account(self, key: str | None) -> ChannelAccount:
        accounts = ChannelAccount.objects.filter(is_enabled=True)
        found = accounts.filter(key=key) if key else accounts.filter(provider=PROVIDER).order_by("id")
        if account := found.first():
            return account
        if key:
            raise CommandError("no enabled line has this key; it is the last part of the URL that connect prints")
        raise CommandError(
            f"no WhatsApp line is connected; first: connect {PROVIDER} --name NAME --set app_secret=… "
            "--set verify_token=…"
        )

    def _post(self, account: ChannelAccount, phone: Phone, texts: Iterator[str], pause: float) -> Iterator[Posted]:
        """Posts each text when it is due, and prints how that went."""
        due = time.monotonic()
        with new_client() as client:
            poster = poster_for(account, client, patience_seconds=PATIENCE_SECONDS)
            for number, text in enumerate(texts, start=1):
                time.sleep(max(0.0, due - time.monotonic()))
                due += pause
                one = poster.post(payload_of([phone.writes(text, at=datetime.now(UTC))]))
                attempts = "" if one.attempts == 1 else f", {one.attempts} attempts"
                self.stdout.write(
                    f"{number:>5}  HTTP {one.status or 'no answer'}  {one.seconds * 1000:.0f} ms{attempts}"
                )
                yield one
                if not one.is_accepted:
                    return


def _advice(posted: Posted) -> str:
    """The likely reason, and the next step."""
    if posted.status == 0:
        return "nobody answers; start the hub with: python3 manage.py up"
    if posted.status == 401:
        return "the signature was refused; was the app_secret changed a moment ago?"
    return f"the hub answered {posted.status}; see its log"
