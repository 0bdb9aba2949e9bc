"""Audience rules: read from YAML, ordered, compiled to SQL, and said in plain words."""
