"""PostgreSQL and Valkey from wheels, in the data folder, as foreground children."""
