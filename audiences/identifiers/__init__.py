"""Identifiers: their types, their one spelling, their keys, and the forms that platforms take."""
