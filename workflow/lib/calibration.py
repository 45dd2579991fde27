"""What ``snakemake calibrate`` measures for a configuration: each of its networks as its jobs use it."""

import math
from collections.abc import Iterator
from typing import Any

import costs
import networks
from costs import measurement
from options import Options, options
from selection import table_sets, trained_models
from workloads import Workloads

LONGEST = 1.0
"""Seconds that one pass may take, estimated; larger ones are measured with fewer or smaller images."""
SMALLEST = 64
"""Side of the smallest images, in pixels, to which larger ones are reduced."""

Measurement = dict[str, Any]
"""``kind``, ``network``, ``precision``, ``tf32``, ``threads``, ``batch`` and ``size`` of the images, the ``flops`` of a
pass forward (and back in a training), ``prior`` or ``config`` to build the network from, and for a prior's training
``checkpointing``."""


class Calibration:
    """The measurements of a configuration."""

    def __init__(self, config: dict) -> None:
        """Store the validated configuration."""
        self.config, self.workloads = config, Workloads(config)
        self.assumed = costs.CPU if config.get("device") == "cpu" else costs.GPU

    def options(self) -> Options:
        """Return the options of the command that measures."""
        pixels, _ = self.workloads.pixels(self.config["source"])
        return options({"measurements": self.measurements(), "image_pixels": int(pixels)})

    def measurements(self) -> list[Measurement]:
        """Return the measurements, one of each network, kind and arithmetic."""
        found = {name_of(item): item for item in reversed([*self._generator(), *self._segmentation()])}
        return list(reversed(found.values()))

    def _generator(self) -> Iterator[Measurement]:
        for section, network in (("dreambooth", "unet"), ("controlnet", "controlnet")):
            entry = self.config[section]
            common = {"threads": self.config["threads"]["diffusion"], "size": entry["crop"], "tf32": tf32(entry)}
            batch = max(1, entry["batch_size"] // entry.get("processes", 1))
            checkpointing = {"checkpointing": entry.get("gradient_checkpointing", False)}
            yield self._prior("training", network, batch, precision(entry), common | checkpointing)
            yield self._prior("inference", "encoder", batch, precision(entry, "autoencoder_"), common)
        for name, entry in self.config["generators"].items():
            if work := entry.get("kind") == "diffusion" and self.workloads.shard({"generator": name}):
                common = {"threads": self.config["threads"]["generate"], "tf32": tf32(entry)}
                window = {**common, "size": entry.get("window") or entry["crop"]}
                yield self._prior("inference", "unet", work.samples, work.precision, window)
                scale = (entry.get("second_pass") or {}).get("scale", 1)
                image = {**common, "size": [round(scale * side) for side in entry["crop"]]}
                yield self._prior("inference", "decoder", work.batch, work.autoencoder_precision, image)

    def _prior(self, kind: str, network: str, batch: int, precision: str, common: dict) -> Measurement:
        counts = networks.prior(self.workloads.prior)
        item = {**common, "kind": kind, "network": network, "prior": self.workloads.prior, "precision": precision}
        return self._affordable({**item, "batch": batch}, counts[network]["flops"] / counts["pixels"])

    def _segmentation(self) -> Iterator[Measurement]:
        threads, models = self.config["threads"], trained_models(self.config)
        for name in models:
            entry = self.config["models"][name]
            counts = networks.model(entry["config"])
            network = {"network": entry["config"], "config": entry["config"]}
            batch = max(1, entry["batch_size"] // entry.get("processes", 1))
            training = {"kind": "training", "threads": threads["train"], "size": entry["crop"], "batch": batch}
            training |= {"precision": precision(entry), "tf32": tf32(entry), **network}
            training |= {"passes": counts["passes"]} if "passes" in counts else {}
            yield self._affordable(training, counts["training"] / counts["pixels"])
            work = self.workloads.evaluation(
                {"model": name, "target": self.config["targets"][0], "training_set": table_sets(self.config)[0]}
            )
            inference = {"kind": "inference", "threads": threads["evaluate"], "size": entry["crop"], **network}
            inference |= {"precision": "fp32", "tf32": False, "batch": work.batch}
            yield self._affordable(inference, counts["inference"] / counts["pixels"])

    def _affordable(self, item: Measurement, flops: float) -> Measurement:
        """Return a measurement with fewer or smaller images, of ``flops`` a pixel, if it would take too long."""
        whole = 3 + item.get("checkpointing", False) if item["kind"] == "training" else 1
        passes = item.get("passes", whole)
        rate = getattr(self.assumed, item["kind"])[costs.arithmetic(item["precision"], item["tf32"])]
        batch, size, detailed = item["batch"], list(item["size"]), "config" in item  # detail crops have a fixed size

        def seconds() -> float:
            return passes * batch * math.prod(size) * flops / rate

        while seconds() > LONGEST and batch > 1:
            batch //= 2
        while seconds() > LONGEST and not detailed and min(size) >= 2 * SMALLEST:
            size = [side // 2 for side in size]
        return {**item, "batch": batch, "size": size, "flops": passes * batch * math.prod(size) * flops}


def name_of(item: Measurement) -> str:
    """Return the name of what is measured."""
    return measurement(item["kind"], item["network"], costs.arithmetic(item["precision"], item["tf32"]))


def precision(entry: dict, part: str = "") -> str:
    """Return a precision that an entry of the configuration names."""
    return entry.get(f"{part}precision", "fp32")


def tf32(entry: dict) -> bool:
    """Return whether an entry of the configuration allows tf32."""
    return entry.get("tf32", False)
