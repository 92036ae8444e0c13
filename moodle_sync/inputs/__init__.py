"""Reading what a person wrote: YAML with the place of every field, and complaints in plain sentences.

Specs and mappings are both read through here. Nothing in it knows what the files are about.
"""
