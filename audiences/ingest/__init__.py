"""Ingest: input files become rows of the lake, or rejects with a reason."""
