"""The work of each rule's job, from the configuration: `costs` tells what it needs.

Schedulers get the resources that `jobs` derives from it; a plan can use it with measured rates.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import costs
import networks
from costs import Cost, Inference, Network, Rates, Sampling, Training
from filters import shards_of
from packages import owners
from sections import ShadeOptions, load_kind
from selection import evaluation_protocol

MINI_WORLD, FULL_HD = 128 * 64, 2.1e6
"""Pixels of an image of the mini world, and of most other sets."""
PIXELS = {"mapillary": (9.0e6, 22.0e6)}
"""Mean and largest number of pixels by adapter, where they are not near Full HD."""
SOURCE_IMAGES, TARGET_IMAGES = 25000, 1000
"""Images of a set whose number the configuration does not state."""
UNET_ACTIVATIONS = 5e-3
"""Bytes that a FLOP of a U-Net leaves for the backward pass, in float32."""
WINDOW = 2e-3
"""Bytes of a FLOP of a segmentation model in a forward pass without gradient (HRDA: with a single detail crop)."""
LOGITS = 1.15
"""Factor on the activations of a segmentation model for logits and losses at full size."""
CONVERSION = 0.15
"""Seconds to convert and count a million pixels of a label map and its image on one core."""
MINI_PRIOR = "resources/mini_prior"
STREET, STREET_RENDERING = 27e3, 0.031
"""Bytes of a street of the mini prior's corpus, and seconds to render it on one core."""

Wildcards = Mapping[str, str]


class Workloads:
    """The costs of a configuration's jobs."""

    def __init__(self, config: dict) -> None:
        """Store the validated configuration."""
        self.config = config
        self.rules: dict[str, Callable[[Wildcards], Training | Sampling | Inference]] = {
            "train_dreambooth": self.dreambooth,
            "train_controlnet": self.controlnet,
            "generate_shard": self.shard,
            "train_segmentation": self.segmentation,
            "evaluate_target": self.evaluation,
            "measure_quality": self.quality,
            "judge_shard": self.judged_shard,
            "judge_source": self.judged_source,
        }
        """The work of the rules that use a GPU."""

    def cost(self, rule: str, wildcards: Wildcards, rates: Rates, on_gpu: bool) -> Cost:
        """Return the cost of a rule's job on a machine.

        Args:
            rule: name of the rule, one of `rules`, ``convert_labels`` or ``train_prior``.
            wildcards: values of its wildcards.
            rates: of the machine.
            on_gpu: whether the networks run on GPUs.
        """
        if rule == "convert_labels":
            return self.conversion(wildcards["dataset"])
        if rule == "train_prior":
            return self.prior_training(rates, on_gpu)
        work = self.rules[rule](wildcards)
        if work is None:
            return Cost(rates.start + 60, costs.LIBRARIES)
        if isinstance(work, Training):
            return costs.training_cost(work, rates, on_gpu)
        apply = costs.sampling_cost if isinstance(work, Sampling) else costs.inference_cost
        return apply(work, rates, on_gpu)

    def conversion(self, dataset: str) -> Cost:
        """Return the cost of converting a set's labels, by processes that share its images."""
        processes, (mean, largest) = self.config["threads"]["convert"], self.pixels(dataset)
        seconds = 1 + self.image_count(dataset) * mean / 1e6 * CONVERSION / processes
        return Cost(seconds, 0.5 * costs.GB + processes * (0.1 * costs.GB + 20 * largest))

    def prior_training(self, rates: Rates, on_gpu: bool) -> Cost:
        """Return the cost of training the mini prior: its decoder, then U-Net and text encoder, on one corpus."""
        options, counts = self.config["prior_training"], networks.prior(MINI_PRIOR)

        def part(pace: dict, *names: str) -> Training:
            trained = tuple(network(name, counts[name], 1.0, trained=True, passed=True) for name in names)
            return Training(
                networks=trained,
                steps=pace["steps"],
                images=pace["batch_size"],
                batch=pace["batch_size"],
                pixels=0,
                activations=UNET_ACTIVATIONS * sum(net.flops for net in trained),
                precision=options.get("precision", "fp32"),
            )

        parts = part(options["decoder"], "decoder"), part(options["denoiser"], "unet", "text_encoder")
        spent = [costs.training_cost(work, rates, on_gpu) for work in parts]
        corpus = options["streets"] * STREET
        return Cost(
            options["streets"] * STREET_RENDERING + sum(cost.seconds for cost in spent),
            max(cost.host for cost in spent) + 2 * corpus,
            max(cost.card for cost in spent) + corpus * on_gpu,
            int(on_gpu),
        )

    def dreambooth(self, wildcards: Wildcards) -> Training:
        """Return the fine-tuning of U^S."""
        options = self.config["dreambooth"]
        parts = {"unet": {"trained": True, "passed": True}, "text_encoder": {}}
        return self._generator_training(options, parts, bound=1)

    def controlnet(self, wildcards: Wildcards) -> Training:
        """Return the training of the ControlNet; its gradient passes through the frozen U-Net."""
        options = self.config["controlnet"]
        parts = {"controlnet": {"trained": True, "passed": True}, "unet": {"passed": True}}
        return self._generator_training(options, parts | {"text_encoder": {}}, bound=2)

    def _generator_training(self, options: dict, parts: dict[str, dict[str, Any]], bound: int) -> Training:
        decoded = options.get("autoencoder_precision", "fp32")
        autoencoder = costs.arithmetic(decoded, options.get("tf32", False))
        parts = parts | {"encoder": {"arithmetic": autoencoder}}
        counts = networks.prior(self.prior)
        scale = math.prod(options["crop"]) / counts["pixels"]
        passed = scale * sum(counts[name]["flops"] for name, roles in parts.items() if roles.get("passed"))
        accumulation, processes = options.get("accumulation", 1), options.get("processes", 1)
        shown = costs.BYTES[options.get("precision", "fp32")] * counts["unet"]["parameters"]  # U^P
        shown += costs.DECODED * costs.BYTES[decoded] * scale * counts["decoder"]["flops"]
        return Training(
            networks=tuple(network(name, counts[name], scale, **roles) for name, roles in parts.items()),
            steps=options["steps"],
            images=options["batch_size"] * accumulation,
            batch=options["batch_size"] * math.gcd(processes, accumulation) // processes,
            pixels=self.pixels(self.config["source"])[0],
            activations=UNET_ACTIVATIONS * passed,
            processes=processes,
            checkpointing=options.get("gradient_checkpointing", False),
            bound=bound,
            shown=shown if options.get("validation") else 0.0,
            **execution(options),
        )

    def segmentation(self, wildcards: Wildcards) -> Training:
        """Return the training of a segmentation model, and its frozen encoder, or the frozen copy that it may keep."""
        options = self.config["models"][wildcards["model"]]
        counts, processes = networks.model(options["config"]), options.get("processes", 1)
        scale = math.prod(options["crop"]) / counts["pixels"]
        frozen, roles = counts.get("frozen", 0), {"passes": counts.get("passes"), "name": options["config"]}
        trained = Network(counts["parameters"] - frozen, scale * counts["training"], trained=True, passed=True, **roles)
        training_set, shade = self.config["training_sets"][wildcards["training_set"]], None
        if training_set.get("shade") is not None:
            shade = ShadeOptions(**training_set["shade"])
        # SHADE: each image in two styles, which are selected from all source images, again and again.
        styles, selections = (2, math.ceil(options["iterations"] / shade.refresh_every)) if shade else (1, 0)
        return Training(
            networks=(trained, Network(frozen or counts["parameters"], 0.0)),
            steps=options["iterations"],
            images=styles * options["batch_size"],
            batch=styles * options["batch_size"] // processes,
            pixels=self.pixels(self.config["source"])[0] / styles,
            activations=LOGITS * scale * counts["activations"],
            processes=processes,
            looked_at=selections * styles * self.source_images(training_set),
            **execution(options),
        )

    def shard(self, wildcards: Wildcards) -> Sampling | None:
        """Return the generation of a shard; None for a kind of generator without networks."""
        options = self.config["generators"][wildcards["generator"]]
        if not load_kind(options["kind"]).torch:
            return None
        counts, second = networks.prior(self.prior), options.get("second_pass") or {}
        scale, enlarged = math.prod(options["crop"]) / counts["pixels"], second.get("scale", 1.0) ** 2
        window = options.get("window") or options["crop"]
        latents = tuple(side // counts["factor"] for side in window)
        halves = 2 if options["guidance"] > 1 else 1
        controlled = 0.5 if halves == 2 and options.get("guided_by") == "condition" else 1.0
        controlnet = counts["controlnet"]["flops"] - counts["embedding"]["flops"]  # conditions are embedded once
        windows = second_pass_windows(latents, second["scale"], second["stride"]) if second else 0
        calls = options["steps"] + windows * (second.get("steps") or options["steps"])
        passes = counts["decoder"]["flops"] * (1 + enlarged) + counts["encoder"]["flops"] * enlarged
        return Sampling(
            images=options["images_per_shard"],
            batch=options["batch_size"],
            calls=halves * calls,
            samples=halves * options.get("windows_per_batch", 16),
            call=scale * (counts["unet"]["flops"] + controlled * controlnet),
            autoencoder=scale * (passes if second else counts["decoder"]["flops"]),
            decoding=scale * enlarged * counts["decoder"]["flops"],
            parameters=sum(counts[name]["parameters"] for name in ("unet", "controlnet", "encoder", "text_encoder")),
            precision=options.get("precision", "fp32"),
            autoencoder_precision=options.get("autoencoder_precision", "fp32"),
            tf32=options.get("tf32", False),
        )

    def evaluation(self, wildcards: Wildcards) -> Inference:
        """Return the evaluation of a model on a target."""
        target = wildcards["target"]
        protocol = evaluation_protocol(self.config, wildcards["model"], target, wildcards.get("training_set"))
        return self._inference(wildcards["model"], target, protocol, self.image_count(target))

    def quality(self, wildcards: Wildcards) -> Inference:
        """Return the measurement of a set by the judge model."""
        model = self.config["quality"]["model"]
        crop = self.config["models"][model]["crop"]
        name, is_data = wildcards["set"], wildcards["origin"] == "data"
        images = self.image_count(name) if is_data else self.config["generators"][name].get("images", SOURCE_IMAGES)
        protocol = {"size": crop, "crop": crop, "stride": crop, "mode": "slide", "batch_size": 32}
        return self._inference(model, name if is_data else self.config["source"], protocol, images)

    def judged_shard(self, wildcards: Wildcards) -> Inference:
        """Return the judging of a shard of a generated set."""
        name, model = wildcards["generator"], wildcards["model"]
        work = self._judging(model, self.config["models"][model]["crop"], self.shard_images(name))
        return replace(work, pixels=self.generated_pixels(name))

    def judged_source(self, wildcards: Wildcards) -> Inference:
        """Return the judging of the source images that a judge model was trained on."""
        model, training_set = wildcards["model"], self.config["training_sets"][wildcards["training_set"]]
        return self._judging(model, self.config["models"][model]["source_size"], self.source_images(training_set))

    def _judging(self, model: str, size: list[int], images: int) -> Inference:
        crop = self.config["models"][model]["crop"]
        return self._inference(model, self.config["source"], {"size": size, "crop": crop, "mode": "slide"}, images)

    def shard_images(self, generator: str) -> int:
        """Return the images of a shard of a generated set as it is judged."""
        images = self.config["generators"][generator].get("images") or self.image_count(generator)
        return math.ceil(images / shards_of(self.config, generator))

    def generated_pixels(self, generator: str) -> float:
        """Return the pixels of an image of a generated set."""
        options = self.config["generators"][generator]
        if "crop" not in options:
            return self.pixels(generator)[0]
        return math.prod(options["crop"]) * ((options.get("second_pass") or {}).get("scale") or 1) ** 2

    def _inference(self, model: str, dataset: str, protocol: dict, images: int) -> Inference:
        counts, whole = networks.model(self.config["models"][model]["config"]), protocol["mode"] == "whole"
        window = protocol["size"] if whole else protocol["crop"]
        scale = math.prod(window) / counts["pixels"]
        sides = zip(protocol["size"], window, protocol.get("stride") or window, strict=True)
        windows = 1 if whole else math.prod(math.ceil((size - crop) / stride) + 1 for size, crop, stride in sides)
        mean, largest = self.pixels(dataset)
        return Inference(
            images=images,
            flops=windows * scale * counts["inference"],
            activations=scale * counts.get("window", WINDOW * counts["training"]),
            batch=min(images * windows, protocol.get("batch_size", 16)),
            pixels=mean,
            largest=largest,
            parameters=counts["parameters"],
            network=self.config["models"][model]["config"],
        )

    @property
    def prior(self) -> str:
        """The name under which the prior's networks are counted; a prior trained here is the mini prior."""
        return MINI_PRIOR if self.config["prior"].startswith("results/") else self.config["prior"]

    def pixels(self, dataset: str) -> tuple[float, float]:
        """Return the mean and the largest number of pixels of a set's images."""
        if dataset in self.config["publishers"]:
            sizes = [math.prod(size) for size in self.config["publishers"][dataset].get("sizes") or ()] or [MINI_WORLD]
            return sum(sizes) / len(sizes), max(sizes)
        adapter = owners(self.config)[dataset].get("adapter")
        return PIXELS.get(adapter if isinstance(adapter, str) else "", (FULL_HD, FULL_HD))

    def source_images(self, training_set: dict) -> int:
        """Return the number of source images of a training set."""
        return (training_set["source"] or {}).get("images") or self.image_count(self.config["source"])

    def image_count(self, dataset: str) -> int:
        """Return the number of a set's images, assumed if the configuration does not state it."""
        assumed = SOURCE_IMAGES if dataset == self.config["source"] else TARGET_IMAGES
        return owners(self.config)[dataset].get("expected_pairs") or assumed


def network(name: str, count: dict[str, Any], scale: float, **roles: Any) -> Network:
    """Return a network with the FLOPs of an image that has ``scale`` times the pixels it was counted for."""
    return Network(count["parameters"], scale * count["flops"], name=name, **roles)


def execution(options: dict) -> dict[str, Any]:
    """Return the keys of a training that decide how it runs."""
    keys = {"workers": 0, "precision": "fp32", "tf32": False}
    return {key: options.get(key, default) for key, default in keys.items()}


def second_pass_windows(latents: tuple[int, int], scale: float, stride: int) -> int:
    """Return the windows, of the size of the first pass's latents (height, width), that cover the enlarged ones."""
    return math.prod(math.ceil(round(side * (scale - 1)) / stride) + 1 for side in latents)
