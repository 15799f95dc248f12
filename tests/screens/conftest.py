"""One demo hub for the whole walk."""

from collections.abc import Iterator

import pytest

from tests.screens.demo_hub import DemoHub, demo_hub


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoHub]:
    with demo_hub(tmp_path_factory.mktemp("demo") / "data") as started:
        yield started
