"""Shortlists as one self-contained HTML page: for the broker, for the enterprise, or for one institute."""

from matchmaker.writing.page.audience import BROKER, ENTERPRISE, Audience
from matchmaker.writing.page.page import Page

__all__ = ["BROKER", "ENTERPRISE", "Audience", "Page"]
