"""Delivery: planned bytes go out, answers come back, and both are kept."""
