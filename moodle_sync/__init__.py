"""moodle_sync: course files into a live Moodle, and evidence out of it into a verifiable ledger."""

__version__ = "0.1.0.dev0"
