"""Run the command by ``python -m pyod_gan``."""

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
