"""Shapes of Moodle's answers: tolerant of new fields, strict on those that are used.

Here, and nowhere else, epoch seconds become aware datetimes (0 means none) and numbers become ``Decimal``.
"""
