"""The app: reads the settings, builds the site, serves it."""

from __future__ import annotations

from bot.serving import serve
from bot.settings import read_settings

if __name__ == "__main__":
    serve(read_settings())
