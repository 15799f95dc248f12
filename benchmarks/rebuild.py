"""`bench rebuild`: a hub of so many channel identities, every projection of which is computed anew and compared.

Every person writes texts and WhatsApp messages from one number, and the second channel identity came 50,000 people
later, as they do in life: no slice of the rebuild has everybody's both.
"""

import os
import subprocess
import sys
import time

import psycopg

from benchmarks import scratch

_HUB = """
INSERT INTO profiles_channelaccount (id, key, provider, channel, name, settings, is_enabled, created_at) VALUES
    (900, 'texts', 'bench', 'sms', 'Texts', '{}', true, now()),
    (901, 'whatsapp', 'bench', 'whatsapp', 'WhatsApp', '{}', true, now());
CREATE TEMP TABLE seat AS
SELECT n AS id, n %% 2 = 1 AS is_text,
    CASE n %% 2 WHEN 1 THEN (n + 1) / 2 ELSE (n / 2 + %(people)s - %(later)s) %% %(people)s + 1 END AS person,
    '2026-01-01Z'::timestamptz + n * interval '1 second' AS at
FROM generate_series(1, 2 * %(people)s) n;
ALTER TABLE seat ADD number text, ADD profile bigint;
UPDATE seat s SET number = '49151' || lpad(s.person::text, 8, '0'), profile = f.first
FROM (SELECT person, min(id) AS first FROM seat GROUP BY person) f WHERE f.person = s.person;
INSERT INTO profiles_profile (id, display_name, created_at) SELECT id, '', now() FROM seat;
UPDATE profiles_profile p SET display_name = 'Person ' || s.person FROM seat s WHERE s.id = p.id AND s.profile = s.id;
INSERT INTO profiles_channelidentity (id, account_id, address, standing, epoch_start, profile_id, reply_refusal,
    created_at, first_seen, last_seen, last_inbound_at)
SELECT id, CASE WHEN is_text THEN 900 ELSE 901 END, CASE WHEN is_text THEN '+' ELSE '' END || number, 'proved',
    '1970-01-01Z', profile, '', now(), at, at, at FROM seat ORDER BY id;
INSERT INTO profiles_identifier (id, kind, scope, value, join_key, status, shared_epochs)
SELECT person, 'phone', '', '+' || number, '+' || number, 'normal', '{}' FROM seat WHERE is_text ORDER BY id;
INSERT INTO profiles_sighting (identifier_id, channel_identity_id, grade, source, occurred_at, recorded_at)
SELECT person, id, CASE WHEN is_text THEN 'weak' ELSE 'proved' END, 'm' || id, at, now() FROM seat ORDER BY id;
INSERT INTO profiles_trait (channel_identity_id, name, value, source, grade, first_seen, last_seen)
SELECT id, 'name', 'Person ' || person, 'profile', 'claimed', at, at FROM seat ORDER BY id;
INSERT INTO timeline_entry (id, channel_identity_id, account_id, kind, direction, occurred_at, recorded_at,
    provider_message_id, text, detail, is_placeholder, is_backfilled, sightings)
SELECT id, id, CASE WHEN is_text THEN 900 ELSE 901 END, 'message', 'in', at, now(), 'm' || id,
    'A message of ordinary length', '{"type": "text"}', false, false, '{}' FROM seat ORDER BY id;
INSERT INTO timeline_queuerow (profile_id, last_entry_id, last_entry_at, waiting_since)
SELECT profile, max(id), max(at), min(at) FROM seat GROUP BY profile;
SELECT setval(pg_get_serial_sequence('profiles_channelidentity', 'id'), 2 * %(people)s);
SELECT setval(pg_get_serial_sequence('profiles_identifier', 'id'), %(people)s);
SELECT setval(pg_get_serial_sequence('timeline_entry', 'id'), 2 * %(people)s);
ANALYZE;
"""


def run(count: int) -> None:
    """Prints how long `rebuild --check` takes, its memory, the load beside it, and what differed: nothing."""
    with scratch.database() as environ:
        fill(environ["DATABASE_URL"], count // 2)
        load, started = os.getloadavg(), time.monotonic()
        done = subprocess.run(
            [sys.executable, "manage.py", "rebuild", "--check"],
            env=environ, cwd=scratch.PROJECT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds = time.monotonic() - started
        print(f"rebuild --check of {count:,} channel identities of {count // 2:,} people: {done.stdout.strip()}")
        print(done.stderr.strip())
        print(f"{seconds:.0f} s; load {load[0]:.1f} before, {os.getloadavg()[0]:.1f} after")


def fill(url: str, people: int) -> None:
    """A healthy hub: what every projection says is what the evidence says."""
    with psycopg.connect(url) as database:
        for statement in _HUB.split(";\n"):
            if statement.strip():
                database.execute(statement, {"people": people, "later": min(50_000, people // 2)})
