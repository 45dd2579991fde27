"""What cards say of a run besides its numbers."""

from typing import Any

from pydantic import Field

from dginstyle.cards.licences import Licence, of_prior, of_source
from dginstyle.options import Options


class CardOptions(Options):
    """What a card says of a run besides its numbers."""

    benchmark: str = Field(description="name of the benchmark")
    note: str = Field("", description="a sentence that warns of the numbers")
    place: str = Field(description="where the artefact is, for the card's example; `publish` puts the repository there")
    prior: str = Field(description="U^P: hub id or folder")
    prior_is_own: bool = Field(description="whether the repository trained the prior, on rendered images")
    source: str = Field(description="name of the source set")
    source_adapter: str | None = Field(description="the publisher's layout of the source; null: an own set")
    source_is_rendered: bool = Field(description="whether the mini world rendered the source")
    generators: list[str] = Field([], description="the generated sets to show the quality of")
    training_sets: list[str] = Field([], description="the training sets to show the mIoU of")
    settings: dict[str, Any] = Field({}, description="options of the training, or of the generated set, and the seed")

    def licences(self) -> dict[str, Licence]:
        """Return the terms of what everything is made from, by its name."""
        source = of_source(self.source, self.source_adapter, self.source_is_rendered)
        prior = f"prior U^P, {self.prior}"
        named = f"source set, {self.source}" + (" of the mini world" if self.source_is_rendered else "")
        return {prior: of_prior(self.prior, self.prior_is_own), named: source}
