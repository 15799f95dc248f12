"""Laws of the WhatsApp Cloud adapter: a batch is the union of its singles, and nothing odd costs its neighbours."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from channels_ingest.adapters.base import PayloadError
from channels_ingest.adapters.whatsapp_cloud import ADAPTER
from tests.channels_ingest.describing import PAYLOADS, normalised

Json = Any
SAMPLES: dict[str, Json] = {
    path.stem: json.loads(path.read_bytes())
    for path in sorted(PAYLOADS.glob("meta-*.json"))
    if not path.stem.endswith(".expected")
}
NEIGHBOUR: Json = {
    "id": "102290129340398",
    "changes": [
        {
            "field": "messages",
            "value": {
                "metadata": {"phone_number_id": "106540352242922"},
                "messages": [
                    {"id": "wamid.neighbour", "from": "16505551234", "type": "text", "text": {"body": "still here"}}
                ],
            },
        }
    ],
}


def singles(whole: Json) -> Iterator[Json]:
    """`whole` cut into payloads with one listed thing each; errors stay beside the rest, which they may explain."""
    for entry in whole["entry"]:
        for change in entry["changes"]:
            lists = [name for name, part in change["value"].items() if isinstance(part, list)]
            cut = [name for name in lists if name not in ("contacts", "errors", "history", "restriction_info")]
            for name in cut:
                for part in change["value"][name]:
                    value = {key: kept for key, kept in change["value"].items() if key not in cut} | {name: [part]}
                    yield {**whole, "entry": [{**entry, "changes": [{**change, "value": value}]}]}
            if not cut:
                yield {**whole, "entry": [{**entry, "changes": [change]}]}


def without_place(items: list[Json]) -> list[str]:
    return sorted({json.dumps({key: item[key] for key in item if key != "path"}, sort_keys=True) for item in items})


def test_batch_is_the_union_of_its_singles() -> None:
    batch = {
        "object": "whatsapp_business_account",
        "entry": [entry for sample in SAMPLES.values() for entry in sample["entry"]],
    }
    together = without_place(normalised(ADAPTER, batch))
    apart = without_place([item for single in singles(batch) for item in normalised(ADAPTER, single)])
    assert together == apart
    assert len(together) > 50


def places(value: Json, path: tuple[Json, ...] = ()) -> Iterator[tuple[Json, ...]]:
    """The path of every part of `value`."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*path, key))


ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from(["\x00", "\ud800", "9" * 600, 10**50, [], {}, [[]], [{}], {"id": {}}, "US.1", "G:1"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["id", "type", "body", "wa_id", "status"]), st.text(max_size=5), max_size=3),
)
PLACES = [(name, path) for name, sample in SAMPLES.items() for path in places(sample) if path]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD_VALUES, st.booleans()), min_size=1, max_size=4))
def test_no_mutation_raises_or_costs_more_than_its_item(mutations: list[tuple[Any, Json, bool]]) -> None:
    name = mutations[0][0][0]
    whole = copy.deepcopy(SAMPLES[name])
    for (_, path), odd, remove in mutations:
        spot = whole
        for key in path[:-1]:
            try:
                spot = spot[key]
            except (KeyError, IndexError, TypeError):
                break
        try:
            if remove:
                del spot[path[-1]]
            else:
                spot[path[-1]] = copy.deepcopy(odd)  # one sampled list may be placed twice
        except (KeyError, IndexError, TypeError):
            continue
    extra = [NEIGHBOUR]
    try:
        if isinstance(whole.get("entry"), list):
            whole["entry"] += extra
        items = normalised(ADAPTER, whole)
    except PayloadError:
        return
    assert any(item.get("provider_message_id") == "wamid.neighbour" for item in items)
    assert not [item for item in items if "while reading it" in item.get("reason", "")]
    json.dumps(items, allow_nan=False).encode("utf-8")
    assert "\\u0000" not in json.dumps(items)
