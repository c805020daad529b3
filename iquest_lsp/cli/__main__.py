"""`python -m iquest_lsp.cli`: the same as `iquest-lsp`."""

from iquest_lsp.cli import main

if __name__ == "__main__":
    main()
