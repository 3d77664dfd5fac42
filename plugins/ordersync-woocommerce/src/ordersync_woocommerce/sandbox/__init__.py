"""A local stand-in for a WooCommerce shop. An independent reading of the vendor's documents and recordings."""

from ordersync_woocommerce.sandbox.server import Sandbox

__all__ = ["Sandbox"]
