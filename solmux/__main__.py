"""`python -m solmux` is the `solmux` command."""

from solmux.cli import main

if __name__ == "__main__":
    main()
