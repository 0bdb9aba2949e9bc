"""Adapters of the ports to AWS."""
