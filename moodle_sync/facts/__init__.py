"""Facts: the closed union of everything that can be observed in Moodle. No judgement, no I/O."""
