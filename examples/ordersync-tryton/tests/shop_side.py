"""Serves a Shopify sandbox and says what stands in it: run with the stranger's Python, never imported."""

import json
import sys
from dataclasses import asdict

from ordersync.testing import serve
from ordersync_shopify.sandbox import Sandbox

sandbox = Sandbox(orders=int(sys.argv[1]))
with serve(sandbox) as served:
    print(json.dumps(sandbox.settings(served.url)), flush=True)
    for _ in sys.stdin:
        print(json.dumps([asdict(one) for one in sandbox.standing()], default=str), flush=True)
