"""Run the command line as `python -m runner`."""

from runner.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
