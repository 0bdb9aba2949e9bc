"""Consent: which agreement a destination needs, and how strings that say it are read."""
