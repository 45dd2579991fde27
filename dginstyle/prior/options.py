"""Options of the mini prior's training."""

from pydantic import Field

from dginstyle.options import EXECUTION, NonNegativeInt, Options, PositiveFloat, PositiveInt, Share


class PriorOptions(Options):
    """``prior_training``: how ``rebuild_prior`` trains the mini prior."""

    start: str | None = Field(None, description="folder of a mini prior to start from; null: from scratch")
    autoencoder_steps: NonNegativeInt = Field(description="optimiser steps of the autoencoder's decoder")
    autoencoder_batch_size: PositiveInt = Field(8, description="images per batch of the autoencoder")
    autoencoder_learning_rate: PositiveFloat = Field(2e-3, description="peak learning rate of the decoder")
    denoiser_steps: NonNegativeInt = Field(description="optimiser steps of U-Net and text encoder")
    denoiser_batch_size: PositiveInt = Field(16, description="latents per batch of the U-Net")
    denoiser_learning_rate: PositiveFloat = Field(8e-4, description="peak learning rate of U-Net and text encoder")
    warmup: NonNegativeInt = Field(200, description="steps of linear warm-up before the cosine decay")
    ema_decay: Share = Field(0.999, description="decay of the exponential moving average that is saved")
    checkpoint_every: PositiveInt = Field(
        500, description="steps between two saved states", json_schema_extra=EXECUTION
    )
