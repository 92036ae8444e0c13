"""Workflows: each command as a short story. The only place where the course wing and the evidence wing meet."""
