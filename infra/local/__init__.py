"""The bridge on one machine: a workspace folder, its adapters, and the `bridge` command line."""
