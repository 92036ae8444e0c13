"""Plan: the difference between desired and observed, judged, counted and written down. Pure: nothing is sent."""
