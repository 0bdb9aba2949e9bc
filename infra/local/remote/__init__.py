"""Commands of `bridge --remote URL`: the same words, carried out by a deployed stack's API."""
