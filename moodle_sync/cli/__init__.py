"""The command line: words in, workflows called, results printed. No logic lives here."""
