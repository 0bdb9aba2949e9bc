"""Run the command line as `python -m infra.local`."""

from infra.local.cli import main

main()
