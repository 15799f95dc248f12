"""The threads that send: woken, never ended by a fault, gone with their process."""

import subprocess
import sys
import threading
import time

from channels_ingest.sending.courier import Courier

SCRIPT = """
import django, time
django.setup()
from channels_ingest.sending.courier import Courier

def work():
    print("began", flush=True)
    time.sleep(0.6)
    print("done", flush=True)
    return True

Courier(work, threads=1).wake()
time.sleep(0.3)
"""


def test_each_waking_works_until_nothing_is_left_even_after_a_fault() -> None:
    left, done = [3, 0, 2], threading.Event()
    counted: list[int] = []

    def work() -> bool:
        if not counted:
            counted.append(-1)
            raise RuntimeError("odd")
        counted.append(left[-1])
        left[-1] -= 1
        if left[-1] <= 0:
            left.pop()
            done.set()
            return False
        return True

    courier = Courier(work, threads=1)
    courier.wake()  # ends with the fault
    deadline = time.monotonic() + 10
    while not counted and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    courier.wake()
    assert done.wait(10)
    assert counted == [-1, 2, 1]


def test_process_that_ends_finishes_the_message_it_is_in_and_begins_no_other() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.split() == ["began", "done"]
