import secrets
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from channels_ingest.accounts import connect
from channels_ingest.models import Envelope, Snippet
from channels_ingest.sending.lines import ALWAYS_SIMULATED
from channels_ingest.simulator.heroes import HEROES
from channels_ingest.simulator.lines import PROVIDER, line_of, new_client, poster_for
from channels_ingest.simulator.payloads import Happening, payload_of
from channels_ingest.simulator.posting import MetaPoster, ShopPoster
from channels_ingest.simulator.shop import PORTFOLIO, SOURCE, calls
from channels_ingest.simulator.staging import STEP_SECONDS, Stage, await_work
from channels_ingest.simulator.stories import deliveries, happenings
from channels_ingest.simulator.working import work
from channels_ingest.sources import inbox_account_id
from channels_ingest.writing import listing_templates
from profiles.models import ApiToken, Channel, ChannelAccount, Role, StaffMember
from profiles.models.staff import hashed

SHOP = "Lindqvist & Daughters"
ACCOUNT_ID = "117600000018740"

#: The shop's numbers: what the stories call them, what agents do, Meta's id and the number (a Swedish one for fiction).
LINES: Mapping[str, tuple[str, str, str]] = {
    "orders": (f"{SHOP}: Orders", "117600000187401", "46701740605"),
    "repairs": (f"{SHOP}: Repairs", "117600000187402", "46701740606"),
    "wholesale": (f"{SHOP}: Wholesale", "117600000187403", "46701740607"),
}
#: Its other lines, by channel: provider and name. The mailbox and the text line are played by the simulator.
OTHER_LINES: Mapping[str, tuple[str, str]] = {
    "sms": ("sms_twilio", f"{SHOP}: Texts"),
    "email": ("email_postmark", f"{SHOP}: Mail"),
    "chat": ("webchat", f"{SHOP}: Chat"),
}
MAILBOX, TEXT_NUMBER = "help@lindqvist.example", "+46701740699"
#: When its customers are to be answered.
TARGETS: Mapping[str, str] = {
    "first_reply_minutes": "60",
    "next_reply_minutes": "240",
    "hours": "Mon-Fri 08:00-18:00, Sat 10:00-16:00",
    "time_zone": "Europe/Stockholm",
}
STAFF = (
    ("nora@example.com", "Nora Holm", Role.AGENT),
    ("elias@example.com", "Elias Berg", Role.LEAD),
    ("karin@example.com", "Karin Lindqvist", Role.ADMIN),
)
#: What they write every day.
SNIPPETS: Mapping[str, str] = {
    "hello": "Hello {customer.first_name}, this is {agent.first_name} at Lindqvist & Daughters.",
    "on its way": "Hello {customer.first_name}, your order {order.number} left us today.",
    "return": "You can send it back within 30 days. I shall mail you the label for order {order.number}.",
    "opening hours": "We are here Monday to Friday 8 to 18 and Saturday 10 to 16.",
}

SERVER = ("shop@example.com", "The shop's server", Role.INGEST)


class Command(BaseCommand):
    help = (
        "Fill the running hub with a month of a small shop, posted through its webhooks. Running it again adds nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--wait", type=float, default=15.0, help="seconds to wait for the workers at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        lines = self._lines()
        anchor = lines["orders"].setting("demo_anchor")
        log_ins = self._staff()
        if lines["orders"].setting("demo_told"):
            self.stderr.write(f"{SHOP} is already here, told up to {anchor}.")
        else:
            self._tell(lines, datetime.fromisoformat(anchor), wait_seconds=options["wait"])
        self._lay_out(lines)
        self.stdout.write("Log in as:")
        for log_in in log_ins:
            self.stdout.write(f"  {log_in}")
        self.stdout.write(f"Play the customer: {settings.PUBLIC_BASE_URL}/simulator/")

    @transaction.atomic
    def _lines(self) -> dict[str, ChannelAccount]:
        """The shop's three lines, connected on the first run; the first run's time is the end of every story."""
        found = {}
        for word, (name, number_id, number) in LINES.items():
            account = ChannelAccount.objects.filter(provider=PROVIDER, name=name).first()
            if account is None:
                values = {"phone_number_id": number_id, "portfolio_id": PORTFOLIO}
                values |= {"app_secret": secrets.token_hex(16), "verify_token": secrets.token_urlsafe(16)}
                values.update(TARGETS)
                account = connect(PROVIDER, name=name, values=values)
                account.settings |= {
                    "demo_anchor": datetime.now(UTC).replace(microsecond=0).isoformat(),
                    "simulated_account_id": ACCOUNT_ID,
                    "simulated_number": number,
                }
                account.save(update_fields=["settings"])
            found[word] = account
        return found

    def _tell(self, accounts: Mapping[str, ChannelAccount], anchor: datetime, *, wait_seconds: float) -> None:
        """Posts the month; an interrupted one goes on where it stopped, because the same ids come again."""
        began = time.monotonic()
        lines = {word: line_of(account) for word, account in accounts.items()}
        told = happenings(lines, anchor)
        self.stderr.write(f"{SHOP}: posting {len(told)} events of the last month to {len(lines)} WhatsApp lines …")
        with new_client() as client, ThreadPoolExecutor(len(lines)) as threads:
            posters = {word: poster_for(account, client) for word, account in accounts.items()}
            parts = {word: [one for one in told if one.line == line] for word, line in lines.items()}
            refused = sum(threads.map(self._post, posters.values(), parts.values()))
        if refused:
            raise CommandError(
                f"the hub did not accept {refused} deliveries; see its log, then run demo again: it goes on from there"
            )
        with new_client() as client, self._server_token() as token:
            shop = ShopPoster(settings.PUBLIC_BASE_URL, token, client=client)
            self._tell_of_the_shop(shop, anchor)
            self._await_work(accounts, wait_seconds)
            self._perform(shop, client, accounts["orders"], wait_seconds=wait_seconds)
        orders = accounts["orders"]
        self._await_work(accounts, wait_seconds)
        if not orders.setting("demo_worked"):
            work(*(StaffMember.objects.get(email=email) for email, _, _ in STAFF[:2]))
        orders.settings |= {"demo_worked": True, "demo_told": True}
        orders.save(update_fields=["settings"])
        self.stderr.write(f"{SHOP}: ready after {time.monotonic() - began:.0f} s.")

    def _post(self, poster: MetaPoster, told: list[Happening]) -> int:
        """Posts one line's events in order; returns how many deliveries were not accepted. A dead hub ends it early."""
        batches = list(deliveries(told))
        quarter = max(1, len(batches) // 4)
        for number, batch in enumerate(batches, start=1):
            if not poster.post(payload_of(batch)).is_accepted:
                return len(batches) - number + 1
            if number % quarter == 0:
                self.stderr.write(f"  {batch[0].line.display_number}: {number} of {len(batches)} deliveries")
        return 0

    @contextmanager
    def _server_token(self) -> Iterator[str]:
        """A token of the shop's server, which ends with this command."""
        email, name, role = SERVER
        server = StaffMember.objects.filter(email=email).first()
        token = ApiToken.issue(server or StaffMember.objects.create_staff(email, role=role, name=name), role)
        try:
            yield token
        finally:
            ApiToken.objects.filter(token_hash=hashed(token)).update(revoked_at=timezone.now())

    def _tell_of_the_shop(self, shop: ShopPoster, anchor: datetime) -> None:
        """The shop's server posts what it knows."""
        refused = sum(not shop.post(call) for call in calls(anchor))
        if refused:
            raise CommandError(f"the hub did not accept {refused} calls of the shop; see its log, then run demo again")

    def _perform(self, shop: ShopPoster, client: httpx.Client, orders: ChannelAccount, *, wait_seconds: float) -> None:
        """A few customers write on every channel; once, even if it is interrupted: nobody says the same thing twice."""
        if orders.setting("demo_performed"):
            return
        orders.settings["demo_performed"] = True
        orders.save(update_fields=["settings"])
        self.stderr.write(f"{SHOP}: {len(HEROES)} customers write on every channel …")
        agent = StaffMember.objects.get(email=STAFF[0][0])
        lines = {"whatsapp": orders, **self._other_lines()}
        settled = partial(await_work, STEP_SECONDS if wait_seconds else 0)
        stage = Stage(lines=lines, agent=agent, shop=shop, client=client, settled=settled)
        stage.perform(HEROES)
        if stage.failed:
            self.stderr.write(f"{SHOP}: {stage.failed} steps of theirs were not taken; see the hub's log.")

    @transaction.atomic
    def _other_lines(self) -> dict[str, ChannelAccount]:
        """The text line, the mailbox and the chat. They reach nobody: their messages go into the simulator."""
        public = urlsplit(settings.PUBLIC_BASE_URL)
        values = {
            "sms": {"auth_token": secrets.token_hex(16), "from": TEXT_NUMBER},
            "email": {"password": secrets.token_urlsafe(24), "from": MAILBOX, "from_name": SHOP},
            "chat": {
                "allowed_origins": f"{public.scheme}://{public.netloc}",
                "identity_secret": secrets.token_urlsafe(32),
                "identity_issuer": SOURCE,
            },
        }
        found = {}
        for channel, (provider, name) in OTHER_LINES.items():
            account = connect(provider, name=name, values=values[channel])
            account.settings[ALWAYS_SIMULATED] = "yes"
            account.save(update_fields=["settings"])
            found[channel] = account
        return found

    def _await_work(self, accounts: Mapping[str, ChannelAccount], wait_seconds: float) -> None:
        """Returns when the workers have read everything, or after a while: they go on without this command."""
        until = time.monotonic() + wait_seconds
        posted_to = [*(account.pk for account in accounts.values()), inbox_account_id()]
        waiting = Envelope.objects.filter(account__in=posted_to, state=Envelope.State.RECEIVED)
        while time.monotonic() < until:
            if not waiting.exists():
                return
            time.sleep(0.2)
        self.stderr.write(f"{SHOP}: {waiting.count()} deliveries are still being worked.")

    def _lay_out(self, lines: Mapping[str, ChannelAccount]) -> None:
        """Shared snippets, and the templates of the shop's WhatsApp lines."""
        for name, text in SNIPPETS.items():
            Snippet.objects.get_or_create(owner=None, name=name, language="", defaults={"text": text})
        for account in lines.values():
            if account.channel == Channel.WHATSAPP and listing_templates.can_refresh(account):
                with suppress(listing_templates.NotListedError):
                    listing_templates.refresh(account)

    def _staff(self) -> list[str]:
        """The shop's people exist; returns how each logs in: a password is shown once, when its owner is made."""
        log_ins = []
        for email, name, role in STAFF:
            if StaffMember.objects.filter(email=email).exists():
                log_ins.append(f"{role:<5}  {email}  (as before; create_user {email} prints a log-in link)")
                continue
            password = secrets.token_urlsafe(12)
            StaffMember.objects.create_staff(email, role=role, password=password, name=name)
            log_ins.append(f"{role:<5}  {email}  {password}")
        return log_ins
