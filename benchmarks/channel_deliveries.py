"""What `bench channels` reads: for each provider many deliveries, no two with the same sender, ids, time or text.

The bodies are those that the simulator posts for a customer's message, so a provider with a play is measured without
another line here; WhatsApp is measured in batches too, which no other provider sends.
"""

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from channels_ingest.adapters.base import AccountSettings, Adapter, Delivery
from channels_ingest.registry import ADAPTERS
from channels_ingest.simulator.plays.base import Person
from channels_ingest.simulator.plays.registry import PLAYS

WEBHOOK = "https://hub.example.com/webhooks/provider/key/"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#: Deliveries of each provider: in a second none of them comes twice from what a cache of usual size would hold.
VARIETY = 2_000
_FIRST_NAMES = ("Mira", "Jonas", "Ayşe", "Sofía", "Chinedu", "Yuki", "Ida", "Léa", "Omar", "Freya")
_LAST_NAMES = ("Lind", "Berger", "Yılmaz", "Ortega", "Okafor", "Tanaka", "Holm", "Moreau", "Haddad", "Eriksen")
_WORDS = ("parcel", "not", "arrived", "could", "you", "look", "where", "the", "blue", "jacket", "is", "size", "thanks")
_SIGNS = ("", "", "📦", "ü", "🙏", "")


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the benchmark. `mails` are the mails that the deliveries tell of, as they came to the provider."""

    name: str
    adapter: Adapter
    deliveries: list[tuple[Delivery, datetime]]
    messages_each: int = 1
    mails: tuple[bytes, ...] = ()


def cases(variety: int = VARIETY) -> list[Case]:
    """Every provider with a play, and WhatsApp in batches, which are as many messages in fewer deliveries."""
    cloud = ADAPTERS["whatsapp_cloud"]
    batches = [
        Case(f"whatsapp_cloud x {size}", cloud, _batches(size, max(variety // size, 2)), messages_each=size)
        for size in (100, 1_000)
    ]
    return [*(_case(provider, variety) for provider in sorted(PLAYS)), *batches]


def batch(size: int, *, first: int = 0) -> bytes:
    """A WhatsApp payload of `size` text messages by as many customers, counted from `first`."""
    chance = random.Random(first)
    customers = [(_phone(number), _name(chance), number) for number in range(first, first + size)]
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
        "contacts": [{"wa_id": phone, "profile": {"name": name}} for phone, name, _ in customers],
        "messages": [_message(phone, number, chance) for phone, _, number in customers],
    }
    entry = {"id": "102290129340398", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def _message(phone: str, number: int, chance: random.Random) -> dict[str, Any]:
    return {
        "from": phone,
        "id": f"wamid.HBgLMTU1NTA3ODM4ODEVAgASGBQz{chance.randbytes(10).hex().upper()}",
        "timestamp": str(1_749_416_383 + number),
        "type": "text",
        "text": {"body": _text(chance)},
    }


def _batches(size: int, number: int) -> list[tuple[Delivery, datetime]]:
    start = datetime.now(UTC)
    return [
        (Delivery(body=batch(size, first=each * size), headers={}), start + timedelta(milliseconds=each))
        for each in range(number)
    ]


def _case(provider: str, variety: int) -> Case:
    adapter, play, chance, now = ADAPTERS[provider], PLAYS[provider], random.Random(provider), datetime.now(UTC)
    account = AccountSettings(secrets={setting.name: (SECRET,) for setting in adapter.settings if setting.secret})
    deliveries, mails = [], []
    for number in range(variety):
        person, text, at = (
            Person(address=_address(provider, number), name=_name(chance)),
            _text(chance),
            now + timedelta(seconds=number),
        )
        post = play.incoming(person, text, at - timedelta(hours=1), account, webhook_url=WEBHOOK)
        headers = {name.lower(): value for name, value in post.headers.items()}
        deliveries.append((Delivery(body=post.body, headers=headers, url=post.url), at))
        if provider.startswith("email"):
            mails.append(post.body if provider == "email_mime" else _same_mail(person, text, at))
    return Case(provider, adapter, deliveries, mails=tuple(mails))


def _address(provider: str, number: int) -> str:
    if provider.startswith("email"):
        return f"customer{number}@customer.example"
    return _phone(number) if provider == "whatsapp_cloud" else f"+{_phone(number)}"


def _phone(number: int) -> str:
    return f"1415{5_550_000 + number}"


def _name(chance: random.Random) -> str:
    return f"{chance.choice(_FIRST_NAMES)} {chance.choice(_LAST_NAMES)}"


def _text(chance: random.Random) -> str:
    """Some 70 letters, in the middle; every second text with a sign beyond ASCII, as about half of the world's are."""
    words = chance.choices(_WORDS, k=chance.randint(6, 22))
    return f"{' '.join(words).capitalize()} {chance.randrange(10_000)} {chance.choice(_SIGNS)}".strip()


def _same_mail(person: Person, text: str, at: datetime) -> bytes:
    """The mail that a provider tells of in a form or JSON, as it came to it."""
    mail = EmailMessage()
    mail["From"], mail["To"] = f"{person.name} <{person.address}>", "support@hub.example"
    mail["Subject"], mail["Message-ID"] = text[:40], f"<{at.timestamp()}.{person.address}>"
    mail["Date"] = at
    mail["DKIM-Signature"] = "v=1; a=rsa-sha256; d=customer.example; s=s1"
    mail.set_content(text)
    return mail.as_bytes()
