"""Tables and figures of the evaluations."""
