"""What the bridge does: identifiers, lake, ingest, resolve, rules, match, platforms, delivery, reports, flows."""
