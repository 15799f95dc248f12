"""One module for each provider, with its `DESCRIPTION`."""

import importlib
import pkgutil

from tests.channels_ingest.conformance.description import Description

DESCRIPTIONS: dict[str, Description] = {
    found.DESCRIPTION.adapter.provider: found.DESCRIPTION
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name)
    for found in [importlib.import_module(f"{__name__}.{module.name}")]
}
