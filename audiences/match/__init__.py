"""Match: which keys of which members a platform may be given, and how that differs from before."""
