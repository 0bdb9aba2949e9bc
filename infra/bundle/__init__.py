"""Builds what each Lambda function runs: its own packages only, trimmed and compiled."""
