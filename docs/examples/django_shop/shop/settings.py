"""As little as Django needs to serve the two views and to run the command."""

import os
from pathlib import Path

SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]
ALLOWED_HOSTS = os.environ.get("DJANGO_HOSTS", "localhost").split(",")
INSTALLED_APPS = ["orders"]
ROOT_URLCONF = "shop.urls"
USE_TZ = True

ORDERSYNC_SETTINGS = Path(os.environ.get("ORDERSYNC_SETTINGS", "ordersync.toml"))
