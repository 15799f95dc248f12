"""`bench receivers`: what `bench receive` measures, for every provider that signs, each with its own bodies and keys.

The deliveries are those that the simulator posts for a customer's message: a provider with a play needs no line here.
SES comes without Amazon's own signature, whose check is one RSA operation more. A shop's events come as a signed
`site_events` line takes them and, in a row of their own, as calls of the API with a token. The web chat is left out: an
address may write 100 messages a minute, so there is no rate to measure. Receiver and no-op view take turns within
seconds, so that a busy machine is busy for both; the median of the rounds counts.
"""

import json
import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from benchmarks import scratch
from benchmarks.load import Outcome, fire, post
from benchmarks.receive import CONNECTIONS, inserts_per_second, latency
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.keys import keys_for
from channels_ingest.registry import ADAPTERS
from channels_ingest.simulator.plays.base import Person, Post
from channels_ingest.simulator.plays.generic_signed import signed
from channels_ingest.simulator.plays.registry import PLAYS

#: A line of a server that nobody plays.
EVENTS = "site_events"
#: What is no webhook, but a call of the API.
CALLS = "events by the API"
TEXT = "Hello, does the jacket come in another colour? " + "x" * 80
#: By the name of a required setting; others get a long random word.
VALUES = {"account_sid": "AC" + "0" * 32, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
WARM_UP = 200
ROUNDS = 9


def run(count: int) -> None:
    """Prints one line for each provider, of `count` deliveries."""
    with scratch.database() as environ:
        _deliveries(environ, "whatsapp_cloud", 0)  # the rows belong to an account
        inserts = inserts_per_second(environ, seconds=5)
        print(f"single-row inserts {inserts:,.0f}/s; efficiency = accepted / (1 / (1/noop + 1/insert))")
        print(f"{'provider':<18}{'bytes':>7}{'accepted/s':>12}{'no-op/s':>10}{'efficiency':>12}")
        for provider in [*sorted(PLAYS.keys() | {EVENTS}), CALLS]:
            made = _calls(environ, count + WARM_UP) if provider == CALLS else None
            path, requests = made or _deliveries(environ, provider, count + WARM_UP)
            with (
                scratch.server("cxhub.front:application", environ) as receiver,
                scratch.server("benchmarks.noop:application", environ) as noop,
            ):
                rounds = list(_rounds(receiver, noop, requests, path))
            rates = [(mine.per_second, 1 / (1 / theirs.per_second + 1 / inserts), theirs) for mine, theirs in rounds]
            accepted, series, theirs = sorted(rates, key=lambda rate: rate[0] / rate[1])[len(rates) // 2]
            figures = f"{accepted:>12,.0f}{theirs.per_second:>10,.0f}{accepted / series:>12.2f}"
            size = len(requests[0].partition(b"\r\n\r\n")[2])
            statuses = sum((mine.statuses for mine, _ in rounds), Counter[int]())
            print(f"{provider:<18}{size:>7}{figures}   {latency(rounds[0][0])}   {dict(statuses)}", flush=True)


def _deliveries(environ: dict[str, str], provider: str, count: int) -> tuple[str, list[bytes]]:
    """The path of a new account of the provider, and as many requests, each with a message of its own."""
    adapter = ADAPTERS[provider]
    values = {s.name: VALUES.get(s.name, secrets.token_hex(16)) for s in adapter.settings if s.required}
    given = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    url = scratch.manage(environ, "connect", provider, "--name", "Benchmark", *given).splitlines()[-1]
    hidden = {setting.name for setting in adapter.settings if setting.secret}
    account = AccountSettings(
        plain={name: value for name, value in values.items() if name not in hidden},
        secrets={name: (value,) for name, value in values.items() if name in hidden},
        thread_keys=keys_for(f"channels_ingest.threads:{urlsplit(url).path.split('/')[-2]}"),
    )
    return urlsplit(url).path, list(_requests(provider, account, url, count))


def _calls(environ: dict[str, str], count: int) -> tuple[str, list[bytes]]:
    """The path of the API for events, and as many calls of a trusted server, each with a page view of its own."""
    token = scratch.manage(environ, "create_token", "shop@hub.example", "--role", "ingest").splitlines()[-1]
    headers, path = {"Authorization": f"Bearer {token}"}, "/api/v1/events/"
    return path, [post(path, json.dumps(_page_view(number)).encode(), headers) for number in range(count)]


def _page_view(number: int) -> dict[str, Any]:
    event = {"id": f"event-{number}", "kind": "page_view", "occurred_at": datetime.now(UTC).isoformat()}
    person = {"kind": "customer_id", "value": f"c{number % 1_000}"}
    return {
        **event,
        "source": "site",
        "identifiers": [person],
        "detail": {"url": "https://shop.example/", "title": TEXT},
    }


def _requests(provider: str, account: AccountSettings, url: str, count: int) -> Iterator[bytes]:
    for number in range(count):
        delivered = (
            signed(url, _page_view(number), account) if provider == EVENTS else _message(provider, account, url, number)
        )
        parts = urlsplit(delivered.url)
        place = f"{parts.path}?{parts.query}" if parts.query else parts.path
        lines = [f"POST {place} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(delivered.body)}"]
        lines += [f"{name}: {value}" for name, value in delivered.headers.items()]
        yield "\r\n".join([*lines, "", ""]).encode() + delivered.body


def _message(provider: str, account: AccountSettings, url: str, number: int) -> Post:
    address = f"c{number % 1_000}@customer.example" if provider.startswith("email") else f"+1415555{number % 1_000:04}"
    person = Person(address=address, name=f"Customer {number % 1_000}")
    return PLAYS[provider].incoming(person, TEXT, datetime.now(UTC), account, webhook_url=url)


def _to_noop(request: bytes, path: str) -> bytes:
    """The same request to the no-op view."""
    return request.replace(f"POST {path}".encode(), b"POST /webhooks/noop/", 1)


def _rounds(receiver: int, noop: int, requests: list[bytes], path: str) -> Iterator[tuple[Outcome, Outcome]]:
    """Both servers under the same requests in turns."""
    for port in (receiver, noop):
        fire(port, iter(_to_noop(each, path) if port == noop else each for each in requests[:WARM_UP]), connections=8)
    rest = requests[WARM_UP:]
    size = -(-len(rest) // ROUNDS)
    for start in range(0, len(rest), size):
        part = rest[start : start + size]
        mine = fire(receiver, iter(part), connections=CONNECTIONS)
        yield mine, fire(noop, iter(_to_noop(each, path) for each in part), connections=CONNECTIONS)
