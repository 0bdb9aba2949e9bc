"""Plan: the pieces of a sync that read the tables, from its plan to its settling."""
