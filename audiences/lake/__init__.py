"""The lake: append-only logs and immutable snapshots in Parquet, on any store."""
