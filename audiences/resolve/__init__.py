"""Resolve: evidence that identifiers belong together becomes people with stable ids."""
