"""State: what Moodle should hold (desired, from the specs) and what it holds (observed, from the wire). Pure."""
