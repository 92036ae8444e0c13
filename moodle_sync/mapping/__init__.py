"""Mappings: the referential, roles and scales, as data with their sources. No rule and no verdict lives here."""
