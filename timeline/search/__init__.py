"""Searching the whole history."""
