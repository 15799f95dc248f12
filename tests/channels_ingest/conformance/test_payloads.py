"""Every real delivery of every provider, against what is written out beside it; in any order, however often."""

import json
import random
from typing import Any

import pytest

from channels_ingest.registry import ADAPTERS
from tests.channels_ingest.conformance.conftest import Line
from tests.channels_ingest.conformance.description import Description
from tests.channels_ingest.conformance.providers import DESCRIPTIONS
from tests.channels_ingest.describing import PAYLOADS, described
from tests.channels_ingest.standing import standing

FILES = [
    pytest.param(of, path.name, id=f"{provider}-{path.name}")
    for provider, of in DESCRIPTIONS.items()
    for path in of.files
]
#: Nobody posts to a web chat: its visitors speak with `/chat/v1/`, see `test_webchat.py`.
WITHOUT_WEBHOOK = {"webchat"}
ORDERS = 4
SEED = 20261122


def entries_of(of: Description) -> dict[str, Any]:
    """What each payload leaves on timelines, written out by hand."""
    file = PAYLOADS / "entries" / f"{of.adapter.provider}.json"
    assert file.exists(), f"write what each payload of {of.adapter.provider} leaves behind to {file}"
    expected: dict[str, Any] = json.loads(file.read_text())
    return expected


def test_every_adapter_is_described_and_every_description_has_its_adapter() -> None:
    posted = ADAPTERS.keys() - WITHOUT_WEBHOOK
    assert sorted(DESCRIPTIONS) == sorted(posted), "add tests/channels_ingest/conformance/providers/PROVIDER.py"
    assert all(ADAPTERS[provider] is of.adapter for provider, of in DESCRIPTIONS.items())


def test_adapter_has_payload_files(of: Description) -> None:
    assert of.files, f"an adapter without real payloads is not tested: put {of.payloads} under {PAYLOADS}"
    assert sorted(entries_of(of)) == [path.name for path in of.files]


@pytest.mark.parametrize(("of", "name"), FILES)
def test_payload_becomes_the_items_written_out(of: Description, name: str) -> None:
    path = PAYLOADS / name
    expected_file = path.with_suffix(".expected.json")
    assert expected_file.exists(), f"read {name} and write the items it should become to {expected_file.name}"
    expected = json.loads(expected_file.read_text())

    got = [described(located) for located in of.read(path.read_bytes())]

    for item, written in zip(got, expected, strict=False):
        if written.get("key") == "*":  # a digest: its properties have tests of their own
            written["key"] = item.get("key")
    assert json.loads(json.dumps(got)) == expected


@pytest.mark.parametrize(("of", "name"), FILES)
def test_payload_leaves_exactly_what_is_written_out(line: Line, name: str) -> None:
    expected = entries_of(line.of).get(name)
    for _ in range(2):
        assert line.deliver((PAYLOADS / name).read_bytes()).status_code == 200
        line.work()
        assert standing() == expected, json.dumps({name: standing()}, ensure_ascii=False)


def test_no_expected_file_is_left_without_its_payload() -> None:
    expected = {path.name.removesuffix(".expected.json") for path in PAYLOADS.glob("*.expected.json")}
    assert expected == {path.stem for of in DESCRIPTIONS.values() for path in of.files}


def distinct(of: Description) -> list[bytes]:
    """The payloads, less those that print another content under an id which an earlier one has."""
    seen: set[str] = set()
    kept = []
    for path in of.files:
        items = [located.item for located in of.read(path.read_bytes())]
        ids = {getattr(item, "provider_message_id", "") or getattr(item, "key", "") for item in items} - {""}
        if seen.isdisjoint(ids):
            kept.append(path.read_bytes())
        seen |= ids
    return kept


def is_no_log(line: str) -> bool:
    """The log of who was joined when tells of the order itself."""
    return "| identity none |" not in line


def test_any_order_and_any_repetition_leaves_the_same(line: Line) -> None:
    """Delivered one by one, or all before any is worked."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    bodies = distinct(line.of)
    left = []
    for turn in range(ORDERS):
        order = bodies if turn == 0 else chance.sample(bodies * 2, len(bodies) * 2)
        with line.rolled_back():
            for body in order:
                assert line.deliver(body).status_code == 200
                if turn % 2:
                    line.work()
            line.work()
            left.append({name: sorted(filter(is_no_log, part)) for name, part in standing().items()})
    for other in left[1:]:
        for name in left[0].keys() | other.keys():
            assert other.get(name) == left[0].get(name), name
    assert left[0].get("entries")
