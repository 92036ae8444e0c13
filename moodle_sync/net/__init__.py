"""HTTP, and nothing of Moodle: timeouts, redirects, size limits and what a fault means for what was sent."""

from __future__ import annotations

from moodle_sync.net.client import HttpClient, NetSettings
from moodle_sync.net.faults import TransientFault

__all__ = ["HttpClient", "NetSettings", "TransientFault"]
