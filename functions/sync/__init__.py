"""Sync: the durable function that does one sync, piece by piece."""
