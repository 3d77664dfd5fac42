"""How fast, how polite and how small ordersync is, beside what people would use instead: `python -m bench`."""
