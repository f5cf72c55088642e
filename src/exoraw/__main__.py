"""`python -m exoraw` does what `exoraw` does."""

from exoraw.cli.main import main

if __name__ == "__main__":
    main()
