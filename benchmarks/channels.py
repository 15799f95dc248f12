"""How fast each provider's deliveries become messages, beside the standard library's parsing of the same bytes.

The bodies are those that the simulator posts for a customer's message, so a provider with a play is measured without
another line here; WhatsApp is measured in batches too, which no other provider sends.
"""

import gc
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import partial
from urllib.parse import parse_qsl

from benchmarks.whatsapp_normalise import batch
from channels_ingest.adapters.base import AccountSettings, Adapter, Delivery
from channels_ingest.registry import ADAPTERS
from channels_ingest.simulator.plays.base import Person
from channels_ingest.simulator.plays.registry import PLAYS

WEBHOOK = "https://hub.example.com/webhooks/provider/key/"
TEXT = "Hello, my parcel 1042 has not arrived. Could you look where it is? 📦"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#: Rounds, of which the median counts: other work on the machine comes and goes.
ROUNDS = 5

Work = Callable[[], object]


def per_second(work: Work, seconds: float) -> float:
    """How often `work` runs in a second."""
    done, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        for _ in range(10):
            work()
        done += 10
    return done / spent


def side_by_side(work: Work, plain: Work, seconds: float) -> tuple[float, float]:
    """The median rates of both, taken in turns so that a busy machine is busy for both."""
    rates = [(per_second(work, seconds), per_second(plain, seconds)) for _ in range(ROUNDS)]
    return sorted(rate for rate, _ in rates)[ROUNDS // 2], sorted(rate for _, rate in rates)[ROUNDS // 2]


def plain_parsing(delivery: Delivery, provider: str = "") -> tuple[str, Work]:
    """What the standard library needs for the same: the least that any adapter could do.

    A mail is read by its e-mail package: as it stands in the delivery or, where a provider took it apart, as it was.
    """
    body = delivery.body
    if provider.startswith("email"):
        return "email", partial(_parsed_mail, body if provider == "email_mime" else _same_mail())
    if body[:1] in b"{[":
        return "json.loads", partial(json.loads, body)
    if "form-urlencoded" in delivery.headers.get("content-type", ""):
        return "parse_qsl", partial(parse_qsl, body.decode())
    return "email", partial(_parsed_mail, body)


def _same_mail() -> bytes:
    """The mail that providers tell of in forms and JSON, as it came to them."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "Mira Lind <mira@customer.example>", "support@hub.example"
    mail["Subject"], mail["Message-ID"] = TEXT[:40], "<b0f7c2@customer.example>"
    mail["Date"] = datetime.now(UTC)
    mail["DKIM-Signature"] = "v=1; a=rsa-sha256; d=customer.example; s=s1"
    mail.set_content(TEXT)
    return mail.as_bytes()


def _parsed_mail(body: bytes) -> object:
    message = BytesParser(policy=policy.default).parsebytes(body)
    found = message.get_body(("plain", "html"))
    return message["from"], message["subject"], found and found.get_content()


def deliveries() -> list[tuple[str, Adapter, Delivery, int]]:
    """Name, adapter, delivery and the messages in it."""
    now = datetime.now(UTC)
    found = []
    for provider, play in sorted(PLAYS.items()):
        adapter = ADAPTERS[provider]
        secrets = {setting.name: (SECRET,) for setting in adapter.settings if setting.secret}
        account = AccountSettings(secrets=secrets)
        address = "mira@customer.example" if provider.startswith("email") else "+14155550123"
        if provider == "whatsapp_cloud":
            address = "14155550123"
        post = play.incoming(Person(address=address, name="Mira Lind"), TEXT, now, account, webhook_url=WEBHOOK)
        headers = {name.lower(): value for name, value in post.headers.items()}
        found.append((provider, adapter, Delivery(body=post.body, headers=headers, url=post.url), 1))
    cloud = ADAPTERS["whatsapp_cloud"]
    found += [(f"whatsapp_cloud x {n}", cloud, Delivery(body=batch(n), headers={}), n) for n in (100, 1_000)]
    return found


def run(count: int) -> None:
    """Prints one line for each provider. `count` is the milliseconds that each of the rounds takes."""
    seconds, now, account = count / 1_000, datetime.now(UTC), AccountSettings()
    gc.disable()  # as the pipeline does
    print(f"{'provider':<24}{'messages/s':>12}{'alone':>12}  {'beside':<11}{'ratio':>6}{'beyond it':>12}")
    for name, adapter, delivery, size in deliveries():
        beside, plain = plain_parsing(delivery, name)
        mine, theirs = side_by_side(partial(adapter.normalise, delivery, account, now), plain, seconds)
        beyond = 1e6 / (mine * size) - 1e6 / (theirs * size)
        print(
            f"{name:<24}{mine * size:>12,.0f}{theirs * size:>12,.0f}  {beside:<11}{theirs / mine:>6.1f}"
            f"{beyond:>9.1f} us"
        )
