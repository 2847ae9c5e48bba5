"""Shortlists as one self-contained HTML page: for the broker, for the enterprise, or for one institute."""

from matchmaker.report.audience import BROKER, ENTERPRISE, Audience
from matchmaker.report.page import Page

__all__ = ["BROKER", "ENTERPRISE", "Audience", "Page"]
