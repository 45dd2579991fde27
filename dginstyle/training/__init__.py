"""Training on the prior: DreamBooth (U^S) and the ControlNet."""
