"""Adds the console to the app."""

from __future__ import annotations

from fastapi import FastAPI

from bot.bot import Bot
from bot.loading import Loader
from bot.settings import Settings
from bot.web.limits import Limits
from bot.web.review.acts import acts_router
from bot.web.review.console import console_router
from bot.web.review.login import Reviewers
from storage.masking import mask


def add_console(app: FastAPI, bot: Bot, loader: Loader, settings: Settings, limits: Limits) -> None:
    """Adds all below `/review`. Where nobody may review, it says so and shows nothing."""
    reviews = bot.store.reviews
    reviewers = Reviewers(settings, limits, reviews.cookie_key)
    masked = mask if settings.mask_exports else str
    app.include_router(console_router(reviews, reviewers, loader, masked), prefix="/review")
    app.include_router(acts_router(bot, reviews, reviewers, loader), prefix="/review")
