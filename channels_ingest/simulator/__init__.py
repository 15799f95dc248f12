"""Plays the providers over HTTP: real payload shapes, signed, posted and retried as they would."""
