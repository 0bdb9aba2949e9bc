"""Ingest: files that arrive in the inbox, and batches of queued calls, into the lake."""
