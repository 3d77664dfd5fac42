"""Singer: a tap and a target built with Meltano's SDK, two processes and a pipe. Runs in the peers' environment.

It keeps no record of what the target made; bookmarks come after a batch, so a batch whose answer was lost is sent again.
"""

from __future__ import annotations

import json
import subprocess
import sys

from bench.peers.arguments import task


def main() -> None:
    given = task(__doc__)
    tap_config, target_config = given.folder / "tap.json", given.folder / "target.json"
    tap_config.write_text(json.dumps({"api_url": given.source}), encoding="utf-8")
    target_config.write_text(
        json.dumps({"api_url": given.target, "batches": given.batches}), encoding="utf-8"
    )
    tap = subprocess.Popen(
        [sys.executable, "-m", "bench.peers.tap", "--config", str(tap_config)], stdout=subprocess.PIPE
    )
    assert tap.stdout is not None
    target = subprocess.Popen(
        [sys.executable, "-m", "bench.peers.sink", "--config", str(target_config)],
        stdin=tap.stdout,
        stdout=subprocess.DEVNULL,
    )
    tap.stdout.close()
    sys.exit(target.wait() or tap.wait())


if __name__ == "__main__":
    main()
