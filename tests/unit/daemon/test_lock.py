from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from iquest_lsp.daemon.lock import acquire, holder


def test_the_lock_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = "import sys, time; from pathlib import Path; from iquest_lsp.daemon.lock import acquire;"
    code += "held = acquire(Path(sys.argv[1]), 0, lambda: True); print(held is not None, flush=True); time.sleep(3600)"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "True\n"
        assert holder(path) == child.pid
        assert acquire(path, 0.1, lambda: False) is None
        child.kill()
    assert holder(path) is None
    mine = acquire(path, 5, lambda: False)
    assert mine is not None
    assert mine.is_in_place()
    assert holder(path) == os.getpid()
    path.unlink()
    assert not mine.is_in_place()
    again = acquire(path, 0, lambda: True)
    assert again is not None
    again.release()
    mine.release()
