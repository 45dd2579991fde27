"""Training of the networks built on the prior: DreamBooth (U^S) and the ControlNet."""
