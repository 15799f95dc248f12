"""Entries as an agent reads them: words, icons, grouping; no queries."""
