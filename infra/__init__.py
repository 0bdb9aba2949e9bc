"""Where the bridge runs: the local runtime with its command line, and the stand-in ad platforms."""
