"""How fast WhatsApp payloads become messages, beside plain `json.loads` of the same bytes.

Run: python -m benchmarks.whatsapp_normalise
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from benchmarks.channel_deliveries import batch
from channels_ingest.adapters.base import AccountSettings, Delivery
from channels_ingest.adapters.whatsapp_cloud import ADAPTER

SECONDS = 1.0


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
