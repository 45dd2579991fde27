"""The page that shows a run: overview, tables, charts, samples and provenance in one file."""
