"""How fast each provider's deliveries become messages, beside the standard library's parsing of the same bytes.

Both read one delivery after the other of `channel_deliveries`, so neither gains from reading the same one again. Time
is the process's own, so that other work on the machine costs little.
"""

import gc
import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from email import policy
from email.parser import BytesParser
from functools import partial
from itertools import cycle, islice
from typing import TypeVar
from urllib.parse import parse_qsl

from benchmarks.channel_deliveries import Case, cases
from channels_ingest.adapters.base import AccountSettings, Adapter, Delivery

#: Rounds, of which the median counts: other work on the machine comes and goes, and takes the caches along.
ROUNDS = 5

Given = TypeVar("Given")


def per_second(work: Callable[[Given], object], inputs: Sequence[Given], seconds: float) -> float:
    """How many of the inputs, taken in turns, `work` reads in a second of the processor."""
    given, done, step = cycle(inputs), 0, max(1, min(10, len(inputs) // 10))
    began = time.process_time()
    while (spent := time.process_time() - began) < seconds:
        for each in islice(given, step):
            work(each)
        done += step
    return done / spent


def side_by_side(case: Case, seconds: float) -> tuple[float, str, float]:
    """The median rates of the adapter and of plain parsing, named, in turns: a busy machine is busy for both."""
    name, plain, bodies = plain_parsing(case)
    mine = partial(_normalised, case.adapter, AccountSettings())
    rates = [(per_second(mine, case.deliveries, seconds), per_second(plain, bodies, seconds)) for _ in range(ROUNDS)]
    return sorted(rate for rate, _ in rates)[ROUNDS // 2], name, sorted(rate for _, rate in rates)[ROUNDS // 2]


def _normalised(adapter: Adapter, account: AccountSettings, given: tuple[Delivery, datetime]) -> object:
    delivery, received_at = given
    return adapter.normalise(delivery, account, received_at)


def plain_parsing(case: Case) -> tuple[str, Callable[[bytes], object], Sequence[bytes]]:
    """What the standard library needs for the same, and of what: the least that any adapter could do.

    A mail is read by its e-mail package: as it stands in the delivery or, where a provider took it apart, as it was.
    """
    bodies = [delivery.body for delivery, _ in case.deliveries]
    if case.mails:
        return "email", _parsed_mail, case.mails
    if bodies[0][:1] in b"{[":
        return "json.loads", json.loads, bodies
    return "parse_qsl", lambda body: parse_qsl(body.decode()), bodies


def _parsed_mail(body: bytes) -> object:
    message = BytesParser(policy=policy.default).parsebytes(body)
    found = message.get_body(("plain", "html"))
    return message["from"], message["subject"], found and found.get_content()


def run(count: int) -> None:
    """Prints one line for each provider. `count` is the milliseconds that each of the rounds takes."""
    measured = cases()
    gc.collect()
    gc.disable()  # as the pipeline does
    print(f"{'provider':<24}{'messages/s':>12}{'alone':>12}  {'beside':<11}{'ratio':>6}{'beyond it':>12}")
    for case in measured:
        mine, name, theirs = side_by_side(case, count / 1_000)
        size = case.messages_each
        beyond = 1e6 / (mine * size) - 1e6 / (theirs * size)
        figures = f"{mine * size:>12,.0f}{theirs * size:>12,.0f}  {name:<11}{theirs / mine:>6.1f}"
        print(f"{case.name:<24}{figures}{beyond:>9.1f} us", flush=True)
