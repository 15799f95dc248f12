"""How fast WhatsApp payloads become messages, beside plain `json.loads` of the same bytes.

Run: python -m benchmarks.whatsapp_normalise
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from channels_ingest.adapters.base import AccountSettings, Delivery
from channels_ingest.adapters.whatsapp_cloud import ADAPTER

SECONDS = 1.0


def batch(size: int) -> bytes:
    """A payload of `size` text messages by as many customers."""
    numbers = [f"1650555{index:04d}" for index in range(size)]
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
        "contacts": [{"wa_id": number, "profile": {"name": "Sheena Nelson"}} for number in numbers],
        "messages": [
            {
                "from": number,
                "id": f"wamid.{number}",
                "timestamp": "1749416383",
                "type": "text",
                "text": {"body": "Hello"},
            }
            for number in numbers
        ],
    }
    entry = {"id": "102290129340398", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def per_second(work: Callable[[], object]) -> float:
    """How often `work` runs in a second."""
    done, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < SECONDS:
        work()
        done += 1
    return done / spent


def main() -> None:
    """Prints one line per batch size."""
    account, received_at = AccountSettings(), datetime.now(UTC)
    for size in (1, 100, 1000):
        body = batch(size)
        delivery = Delivery(body=body, headers={})
        parsed = size * per_second(partial(json.loads, body))
        normalised = size * per_second(partial(ADAPTER.normalise, delivery, account, received_at))
        beyond = 1e6 / normalised - 1e6 / parsed
        print(
            f"{size:>5} in a payload: {normalised:>9,.0f} messages/s; json.loads alone {parsed:>9,.0f};"
            f" {beyond:.1f} us per message beyond it"
        )


if __name__ == "__main__":
    main()
