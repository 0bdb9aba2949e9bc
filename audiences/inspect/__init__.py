"""Inspect: what is wrong with a list of hashed identifiers, cell by cell, with counts and lines."""
