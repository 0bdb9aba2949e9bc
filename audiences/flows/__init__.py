"""Use cases, one a file: the only place where the stages meet."""
