"""`python -m clusterbench`."""

from clusterbench.cli import main

if __name__ == "__main__":
    main()
