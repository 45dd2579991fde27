"""Tables and figures made from evaluations."""
