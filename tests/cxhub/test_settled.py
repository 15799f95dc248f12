"""Collections of garbage leave out what a process has loaded."""

import subprocess
import sys

_LEFT = """
import gc
from cxhub import front
assert front.application
print(len(gc.get_objects()))
"""


def test_web_process_looks_through_little_of_what_it_has_loaded() -> None:
    """Some 175,000 objects are loaded, which took a full collection 60 ms."""
    done = subprocess.run([sys.executable, "-c", _LEFT], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 5_000
