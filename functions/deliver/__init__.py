"""Deliver: the pieces of a sync that speak with a platform; light."""
