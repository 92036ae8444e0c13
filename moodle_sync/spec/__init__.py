"""Specs: what the organisation writes, validated. Nothing here knows Moodle, the network or the clock."""
