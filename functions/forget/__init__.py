"""Forget: what has outlived its time is swept; a person is erased when that is there."""
