"""Everybody who carries the orders over, each a program of its own: `python -m bench.peers.NAME SOURCE TARGET`.

Those that run in an environment of their own (`with_dlt`, `tap`, `sink`) import nothing of ordersync.
"""
