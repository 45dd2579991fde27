"""accelerate's view of the machine, or a message why it will not do."""

from accelerate import Accelerator

from dginstyle.options import Precision


def make_accelerator(precision: Precision, accumulation: int) -> Accelerator:
    """Return accelerate's view of the machine.

    Raises:
        SystemExit: the machine does not support the precision.
    """
    mixed = "no" if precision == "fp32" else precision
    try:
        accelerator = Accelerator(mixed_precision=mixed, gradient_accumulation_steps=accumulation)
    except ValueError as error:
        raise SystemExit(f"precision {precision} does not work on this machine ({error}); try fp32") from None
    if precision == "fp16" and accelerator.device.type == "cpu":  # accelerate says nothing and scales nothing
        raise SystemExit("precision fp16 does not work on this machine (it needs a GPU); try fp32 or bf16")
    return accelerator
