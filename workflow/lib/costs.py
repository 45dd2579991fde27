"""What each kind of job needs: seconds, and bytes of the host and of each GPU, from networks, sizes and steps.

Pure arithmetic on the counts in networks.json; `workloads` applies it to the configuration. Rates of a machine that
has not been measured are assumptions, and say so.
"""

from dataclasses import dataclass, field

GB = 1e9
TRAINED = 16
"""Bytes of a trained parameter: weight, gradient and two moments of AdamW, each in float32."""
BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}
MIXED = 0.6
"""Share of the activations that mixed precision leaves."""
CHECKPOINTED = 0.2
"""Share of the activations that gradient checkpointing leaves."""
DECODED = 7.5e-5
"""Values that the autoencoder keeps of a FLOP when it decodes: 3 GB at 1024² in float32."""
LIBRARIES = 0.7 * GB
"""Memory of a process with torch on the host."""
CUDA_HOST, CUDA_CARD = 3.5 * GB, 1.5 * GB
"""What CUDA and its libraries add, on the host and on the card."""
LOADER = 0.8 * GB
"""Memory of a data loading process."""
CONDITIONS = 2 * 2**30
"""Largest cache of embedded conditions in generation."""


@dataclass(frozen=True)
class Rates:
    """What a machine sustains.

    Attributes:
        name: the machine.
        training: FLOP/s in training, by arithmetic: a precision, or tf32 for fp32 that may be rounded to it.
        inference: FLOP/s in generation and evaluation, by arithmetic.
        launch: seconds that the host needs for a pass through a U-Net and back, however small the batch.
        loading: seconds to decode and augment a million pixels of a stored image.
        start: seconds until a job computes.
        measured: FLOP/s of single networks at their own sizes, by `measurement`; launching is part of them.
    """

    name: str
    training: dict[str, float]
    inference: dict[str, float]
    launch: float
    loading: float
    start: float
    measured: dict[str, float] = field(default_factory=dict)

    def of(self, kind: str, network: str, arithmetic: str) -> float:
        """Return the FLOP/s of a network, that of all networks if it has not been measured.

        Args:
            kind: training or inference.
            network: its name.
            arithmetic: fp32, tf32, bf16 or fp16.
        """
        return self.measured.get(measurement(kind, network, arithmetic)) or getattr(self, kind)[arithmetic]


def measurement(kind: str, network: str, arithmetic: str) -> str:
    """Return the name of a rate in `Rates.measured`."""
    return f"{kind}/{network}/{arithmetic}"


def arithmetic(precision: str, tf32: bool) -> str:
    """Return the arithmetic of a precision."""
    return "tf32" if tf32 and precision == "fp32" else precision


GPU = Rates(
    "a GPU like NVIDIA's A100 (assumed)",
    training={"fp32": 4.0e12, "tf32": 4.0e12, "bf16": 6.0e13, "fp16": 6.0e13},  # fp32: 4.5e12 for DAFormer on an H200
    inference={"fp32": 1.2e13, "tf32": 5.0e13, "bf16": 1.2e14, "fp16": 1.2e14},
    launch=0.12,
    loading=0.06,
    start=180.0,
)
CPU = Rates(
    "a core of a server CPU (assumed)",
    training=dict.fromkeys(("fp32", "tf32", "bf16", "fp16"), 1.6e10),
    inference=dict.fromkeys(("fp32", "tf32", "bf16", "fp16"), 4.0e10),
    launch=0.0,
    loading=0.06,
    start=20.0,
)


@dataclass(frozen=True)
class Cost:
    """What one job needs.

    Attributes:
        seconds: wall time.
        host: bytes of memory of the host, of all processes.
        card: bytes of memory of each GPU.
        gpus: number of GPUs.
    """

    seconds: float
    host: float
    card: float = 0.0
    gpus: int = 0


@dataclass(frozen=True)
class Network:
    """One network's part in a training or in sampling.

    Attributes:
        parameters: number of parameters.
        flops: of a forward pass of one image.
        trained: whether its parameters are trained.
        passed: whether the gradient passes through it.
        name: under which its rate is measured.
        arithmetic: its own; empty: the training's.
        passes: FLOPs of a training step in forward passes, if only a part of it is trained.
    """

    parameters: float
    flops: float
    trained: bool = False
    passed: bool = False
    name: str = ""
    arithmetic: str = ""
    passes: float | None = None

    def training_flops(self, checkpointing: bool) -> float:
        """Return the FLOPs of an image in a training: forward, backward, and forward again if not kept."""
        if not self.passed:
            return self.flops
        if self.passes is not None:
            return self.flops * self.passes
        return self.flops * (2 + self.trained + checkpointing)

    def training_seconds(self, work: "Training", rates: Rates) -> float:
        """Return the seconds of an image in a training."""
        kind, own = "training" if self.passed else "inference", self.arithmetic or arithmetic(work.precision, work.tf32)
        return self.training_flops(work.checkpointing) / rates.of(kind, self.name, own)


@dataclass(frozen=True)
class Training:
    """A training of networks, as configured; its images are shared by its processes.

    Attributes:
        networks: all networks in it.
        steps: optimiser steps.
        images: images of an optimiser step.
        batch: images of a batch in one process.
        pixels: pixels of a stored image.
        activations: bytes that the forward pass of an image leaves for the backward pass in float32.
        processes: processes, one a GPU.
        workers: data loading processes of each process.
        precision: fp32, bf16 or fp16.
        checkpointing: whether activations are computed again.
        bound: passes through a U-Net of a batch, which the host has to launch.
        tf32: whether fp32 may be rounded to tf32.
        looked_at: stored images that are loaded between the steps, not trained on.
        shown: bytes that a validation picture needs besides the weights: U^P and activations.
    """

    networks: tuple[Network, ...]
    steps: int
    images: int
    batch: int
    pixels: int
    activations: float
    processes: int = 1
    workers: int = 0
    precision: str = "fp32"
    checkpointing: bool = False
    bound: int = 0
    tf32: bool = False
    looked_at: int = 0
    shown: float = 0.0


def training_cost(work: Training, rates: Rates, on_gpu: bool) -> Cost:
    """Return the cost of a training."""
    looking = work.looked_at / work.processes * work.pixels / 1e6 * rates.loading / max(work.workers, 1)
    seconds = rates.start + work.steps * step_seconds(work, rates) + looking
    state = training_state(work)
    loaders = work.workers * LOADER
    if not on_gpu:
        return Cost(seconds, work.processes * (LIBRARIES + state + loaders))
    loading = 4 * sum(network.parameters for network in work.networks)  # networks are loaded in float32, then moved
    host = work.processes * (LIBRARIES + CUDA_HOST + loading + loaders)
    return Cost(seconds, host, CUDA_CARD + state, work.processes)


def step_seconds(work: Training, rates: Rates) -> float:
    """Return the seconds of an optimiser step; images are loaded before it, or during it by other processes."""
    own = work.images / work.processes
    networks = sum(net.training_seconds(work, rates) for net in work.networks)
    launching = own / work.batch * work.bound * rates.launch
    computing = max(own * networks, launching)
    loading = own * work.pixels / 1e6 * rates.loading
    return max(computing, loading / work.workers) if work.workers else computing + loading


def training_state(work: Training) -> float:
    """Return the peak memory of one process in bytes: of a training step, or of a validation picture after it."""
    own = BYTES[work.precision]
    copy = 0 if work.precision == "fp32" else own  # autocast keeps the trained weights in both precisions
    weights = sum(net.parameters * ((TRAINED + copy) if net.trained else own) for net in work.networks)
    kept = (
        work.batch
        * work.activations
        * (CHECKPOINTED if work.checkpointing else 1)
        * (1 if work.precision == "fp32" else MIXED)
    )
    gradients = 4 * sum(net.parameters for net in work.networks if net.trained)
    return max(weights + kept, weights - gradients + work.shown)


@dataclass(frozen=True)
class Sampling:
    """The generation of images.

    Attributes:
        images: number of images.
        batch: images that are decoded together.
        calls: passes through U-Net and ControlNet for an image.
        samples: samples in one call of the networks.
        call: FLOPs of a sample in U-Net and ControlNet.
        autoencoder: FLOPs of the autoencoder for an image, in all.
        decoding: FLOPs of the largest decoding of an image.
        parameters: of all networks.
        precision: of U-Net and ControlNet.
        autoencoder_precision: of the autoencoder.
        tf32: whether fp32 may be rounded to tf32.
    """

    images: int
    batch: int
    calls: float
    samples: int
    call: float
    autoencoder: float
    decoding: float
    parameters: float
    precision: str
    autoencoder_precision: str
    tf32: bool = False


def sampling_cost(work: Sampling, rates: Rates, on_gpu: bool) -> Cost:
    """Return the cost of generating images."""
    sampling = work.calls * work.call / rates.of("inference", "unet", arithmetic(work.precision, work.tf32))
    decoding = arithmetic(work.autoencoder_precision, work.tf32)
    autoencoder = work.autoencoder / rates.of("inference", "decoder", decoding)
    seconds = rates.start + work.images * (sampling + autoencoder)
    own = BYTES[work.precision]
    activations = 4e-5 * own * work.samples * work.call  # 0.17 GB of a sample at 512² in float32
    activations += DECODED * BYTES[work.autoencoder_precision] * work.batch * work.decoding
    state = own * work.parameters + activations + min(CONDITIONS, 1e-5 * own * work.calls * work.call)
    if not on_gpu:
        return Cost(seconds, LIBRARIES + state)
    return Cost(seconds, LIBRARIES + CUDA_HOST + 4 * work.parameters, CUDA_CARD + state, 1)


@dataclass(frozen=True)
class Inference:
    """The prediction of images by a segmentation model, in float32.

    Attributes:
        images: number of images.
        flops: of an image.
        activations: bytes of a window, or of a whole image, in the forward pass.
        batch: windows in a batch.
        pixels: pixels of a stored image.
        largest: pixels of the largest label map.
        parameters: of the network.
        network: name under which its rate is measured.
    """

    images: int
    flops: float
    activations: float
    batch: int
    pixels: float
    largest: float
    parameters: float
    network: str = ""


def inference_cost(work: Inference, rates: Rates, on_gpu: bool) -> Cost:
    """Return the cost of predicting and scoring images."""
    loading = 2 * work.pixels / 1e6 * rates.loading  # image and label map
    seconds = rates.start + work.images * (work.flops / rates.of("inference", work.network, "fp32") + loading)
    logits = 2 * 19 * 4 * work.largest  # of an image, before and after resizing to its label map
    state = 4 * work.parameters + work.batch * work.activations + logits
    if not on_gpu:
        return Cost(seconds, LIBRARIES + state)
    return Cost(seconds, LIBRARIES + CUDA_HOST + 4 * work.parameters + logits, CUDA_CARD + state, 1)
