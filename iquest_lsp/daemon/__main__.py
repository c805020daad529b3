"""`python -m iquest_lsp.daemon '["daemon", {}]'`: becomes the daemon of that name, with those options."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    name, options = json.loads(sys.argv[1])
    # The bridge's child ends at once and its grandchild lives on: an editor that kills what descends from it, as VS
    # Code does, must not kill what the others use.
    if os.fork():
        os._exit(0)
    os.setsid()
    from iquest_lsp.daemon.service import run

    run(str(name), dict(options))


if __name__ == "__main__":
    main()
