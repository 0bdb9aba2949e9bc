"""The `bridge` command, and `python -m infra.local`: whoever stops it early gets no traceback."""

import sys


def run() -> None:
    """Run the command line; Ctrl-C ends it quietly while it is still being loaded too."""
    try:
        from infra.local.cli import main  # noqa: PLC0415 - loading takes long enough to be stopped

        main()
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        raise SystemExit(130) from None


if __name__ == "__main__":
    run()
