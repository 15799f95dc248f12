"""Running the hub on a machine: its data folder, its processes, and the supervisor that keeps them.

Start at `up`; `supervisor` restarts what dies, `processes` says what there is, `servers` and `cxhub.embedded` bring
PostgreSQL and Valkey, `borrowed` lends them to a single command.
"""
