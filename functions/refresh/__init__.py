"""Refresh: on a schedule people are resolved and audiences built; or one, before its sync."""
