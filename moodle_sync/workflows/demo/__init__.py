"""The demo: a stand-in for Moodle, invented people at work, and the whole loop over them, for somebody new."""
