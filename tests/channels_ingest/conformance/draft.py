"""Writes drafts of missing expectations, to be read against the payloads and corrected.

Run: python3 -m tests.channels_ingest.conformance.draft PROVIDER
"""

import json
import sys

import django

django.setup()

from tests.channels_ingest.conformance.providers import DESCRIPTIONS  # noqa: E402
from tests.channels_ingest.describing import described  # noqa: E402


def main(provider: str) -> None:
    of = DESCRIPTIONS[provider]
    for path in of.files:
        file = path.with_suffix(".expected.json")
        if not file.exists():
            items = [described(located) for located in of.read(path.read_bytes())]
            file.write_text(json.dumps(items, indent=1, ensure_ascii=False) + "\n")
            print(f"drafted {file}: read the payload and correct it")


if __name__ == "__main__":
    main(sys.argv[1])
