"""Whoever connects a provider finds every setting of it in `docs/providers.md`."""

import re
from pathlib import Path

import pytest

from channels_ingest.registry import ADAPTERS

PAGE = (Path(__file__).parents[3] / "docs" / "providers.md").read_text()
SECTIONS = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize("provider", sorted(ADAPTERS))
def test_every_setting_is_explained(provider: str) -> None:
    assert provider in SECTIONS, f"add a section for {provider} to docs/providers.md"
    missing = [s.name for s in ADAPTERS[provider].settings if f"`{s.name}`" not in SECTIONS[provider]]
    assert not missing, f"docs/providers.md does not explain {', '.join(missing)} of {provider}"


def test_no_section_is_left_without_its_adapter() -> None:
    assert sorted(SECTIONS) == sorted(ADAPTERS)
