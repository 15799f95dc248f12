"""Every payload Meta documents, against the items written out beside it by hand."""

import json

import pytest

from channels_ingest.adapters.whatsapp_cloud import ADAPTER
from tests.channels_ingest.describing import PAYLOADS, normalised

NAMES = sorted(path.stem for path in PAYLOADS.glob("meta-*.json") if not path.stem.endswith(".expected"))


def test_there_are_payloads() -> None:
    assert len(NAMES) >= 56


@pytest.mark.parametrize("name", NAMES)
def test_payload_becomes_the_expected_items(name: str) -> None:
    expected_file = PAYLOADS / f"{name}.expected.json"
    assert expected_file.exists(), f"read {name}.json and write the items it should become to {expected_file.name}"
    expected = json.loads(expected_file.read_text())

    got = normalised(ADAPTER, (PAYLOADS / f"{name}.json").read_bytes())

    for item, written in zip(got, expected, strict=False):
        if written.get("key") == "*":  # a digest: its properties have tests of their own
            written["key"] = item.get("key")
    assert json.loads(json.dumps(got)) == expected


def test_no_expected_file_is_left_without_its_payload() -> None:
    expected = {path.stem.removesuffix(".expected") for path in PAYLOADS.glob("*.expected.json")}
    assert expected == set(NAMES)
