import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmseg.evaluation import IoUMetric
from pydantic import ValidationError
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from segmodel.evaluation.evaluate import evaluate
from segmodel.evaluation.inference import (
    InferenceOptions,
    images_per_batch,
    in_words,
    predict_logits,
    predictions,
    resized_image,
)
from segmodel.evaluation.metrics import class_iou
from segmodel.evaluation.records import Record, label_size, write_evaluation
from segmodel.identity import digest
from segmodel.labels import CLASS_NAMES, read_label
from segmodel.manifest import Sample, read_samples
from segmodel.models import load_model, read_config
from segmodel.windows import resized_prediction, slide_logits, window_origins

PROTOCOL = InferenceOptions(size=(24, 48), mode="slide", crop=(16, 16), stride=(16, 8))
RECORD = Record(
    benchmark="mini", model="tiny", training_set="dginstyle", seed=0, target="cityscapes", generator="dginstyle"
)


@pytest.fixture
def evaluated(tmp_path, trained, target_set):
    """Train, evaluate, and return the file: ``evaluated(name, record=RECORD, **protocol)``."""
    weights = trained("run", iterations=20) / "weights.safetensors"

    def call(name="result.npz", record=RECORD, data=target_set, **changed):
        output = tmp_path / name
        evaluate(
            model="tiny", weights=weights, data=data, output=output, record=record, options=PROTOCOL.replace(**changed)
        )
        return output

    return call


@pytest.fixture
def network(trained, options):
    return load_model(read_config(options.config), trained("run", iterations=20) / "weights.safetensors")


def test_file_holds_confusion_names_and_record(evaluated):
    with np.load(evaluated()) as arrays:
        assert arrays["confusion"].shape == (5, 19, 19)
        assert arrays["confusion"].dtype == np.int64
        assert arrays["names"].tolist() == [f"{i}.png" for i in range(5)]
        record = json.loads(str(arrays["record"]))
    assert (record["evaluation_size"], record["label_size"]) == ("24x48", "native")
    assert (record["config"], record["inference"]) == ("tiny.py", "slide 16x16 by 16x8")
    assert (record["images"], record["seed"], record["generator"]) == (5, 0, "dginstyle")
    assert record["samples_seen"] == {"dginstyle": 32, "source": 48}


def test_record_has_everything_that_decided_the_evaluation(evaluated):
    record = replace(RECORD, settings={"source": {"adapter": "gta"}})
    with np.load(evaluated(record=record)) as arrays:
        record = json.loads(str(arrays["record"]))
    expected = {
        "source.adapter": "gta", "training.iterations": 20, "training.crop": [16, 16], "photometric": "standard",
        "images.source": 6, "images.generated": 4, "evaluation.stride": [16, 8], "evaluation.images": 5,
    }  # fmt: skip
    assert record["settings"] | expected == record["settings"]
    assert record["settings"]["network.model.decode_head.num_classes"] == 19
    assert not {"training.workers", "training.checkpoint_every", "training.config"} & record["settings"].keys()
    assert record["digest"] == digest(record["settings"])


def test_record_has_configuration_and_commits(tmp_path, evaluated, monkeypatch):
    training = tmp_path / "run/training.json"
    record = {**json.loads(training.read_text()), "commits": ["aa", "bb-dirty"]}
    training.unlink()
    training.write_text(json.dumps(record))
    monkeypatch.setattr("segmodel.evaluation.records.commit", lambda: "cc")
    with np.load(evaluated(record=replace(RECORD, configuration="d0"))) as arrays:
        record = json.loads(str(arrays["record"]))
    found = (record["configuration"], record["training_commit"], record["evaluation_commit"])
    assert found == ("d0", "aa bb-dirty", "cc")


def test_label_size_that_differs_from_the_images(tmp_path, write_pairs):
    (image, small), (_, large) = write_pairs(tmp_path / "a", 1, (10, 20)) + write_pairs(tmp_path / "b", 1, (40, 80))
    samples = [Sample(tmp_path / image, tmp_path / label) for label in (small, large)]
    assert label_size(samples[:1]) == "native"
    assert label_size(samples[1:]) == "40x80"
    assert label_size(samples) == "various"


def test_a_target_without_an_evaluated_pixel_is_refused(tmp_path):
    samples, nothing = [Sample(tmp_path / "a.png", tmp_path / "a_label.png")], np.zeros((1, 19, 19), np.int64)
    with pytest.raises(SystemExit, match="cityscapes: no pixel of its label maps has a class: check the label ids"):
        write_evaluation(tmp_path / "a.npz", nothing, samples, RECORD, {}, {})
    assert not (tmp_path / "a.npz").exists()


def test_same_inputs_give_the_same_bytes(evaluated):
    assert evaluated("first.npz").read_bytes() == evaluated("second.npz").read_bytes()


def test_confusion_is_at_label_resolution(evaluated, target_set):
    labels = [read_label(sample.label) for sample in read_samples(target_set / "manifest.csv")]
    with np.load(evaluated()) as arrays:
        counted = arrays["confusion"].sum((1, 2))
    np.testing.assert_array_equal(counted, [(label != 255).sum() for label in labels])


@torch.inference_mode()
def test_evaluation_equals_mmseg(evaluated, target_set, network):
    metric = IoUMetric(iou_metrics=["mIoU"])
    metric.dataset_meta = {"classes": CLASS_NAMES}
    for sample in read_samples(target_set / "manifest.csv"):
        label = torch.from_numpy(read_label(sample.label).astype(np.int64))
        inputs = network.data_preprocessor({"inputs": [resized_image(sample.image, PROTOCOL.size)]})["inputs"]
        network.test_cfg.update(mode="slide", crop_size=PROTOCOL.crop, stride=PROTOCOL.stride)
        logits = network.inference(inputs, [{"ori_shape": label.shape, "img_shape": PROTOCOL.size}])[0]
        prediction = resized_prediction(logits, label.shape)[None]
        metric.process({}, [{"pred_sem_seg": {"data": prediction}, "gt_sem_seg": {"data": label}}])
    expected = metric.compute_metrics(metric.results)
    with np.load(evaluated()) as arrays:
        iou = class_iou(arrays["confusion"].sum(0))
    assert round(100 * float(np.nanmean(iou)), 2) == expected["mIoU"]


@torch.inference_mode()
@pytest.mark.parametrize(
    ("crop", "stride"), [((16, 16), (16, 8)), ((16, 16), (10, 7)), ((24, 24), (8, 24)), ((64, 64), (32, 32))]
)
def test_batched_windows_equal_mmseg_windows(network, crop, stride):
    images = torch.randn(3, 3, 24, 50, generator=torch.Generator().manual_seed(0))
    network.test_cfg.update(mode="slide", crop_size=crop, stride=stride)
    expected = network.slide_inference(images, [{"img_shape": (24, 50)}] * 3)
    options = PROTOCOL.replace(crop=crop, stride=stride, batch_size=4)
    torch.testing.assert_close(predict_logits(network, images, options), expected, atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_mode_whole_predicts_the_whole_image_at_once(network):
    images = torch.randn(2, 3, 24, 48, generator=torch.Generator().manual_seed(0))
    expected = network.whole_inference(images, [{"img_shape": (24, 48)}] * 2)
    torch.testing.assert_close(predict_logits(network, images, PROTOCOL.replace(mode="whole")), expected)


def test_keep_ratio_fits_the_image_within_the_size(target_set):
    image = target_set / "images" / "0.png"  # 40 x 72
    assert resized_image(image, (24, 48)).shape == (3, 24, 48)
    assert resized_image(image, (24, 48), keep_ratio=True).shape == (3, 24, 43)


def test_images_of_different_shapes_are_predicted_in_order(tmp_path, network, write_pairs):
    paths = [tmp_path / row[0] for name, shape in (("wide", (20, 60)), ("high", (40, 40)), ("low", (20, 60)))
             for row in write_pairs(tmp_path / name, 2, shape)]  # fmt: skip
    options = PROTOCOL.replace(keep_ratio=True)
    together = list(predictions(network, paths, options))
    assert [tuple(logits.shape[1:]) for logits in together] == [(16, 48)] * 2 + [(24, 24)] * 2 + [(16, 48)] * 2
    for path, logits in zip(paths, together, strict=True):
        torch.testing.assert_close(logits, next(predictions(network, [path], options)), atol=1e-5, rtol=1e-4)


def test_last_window_ends_at_the_border():
    assert window_origins(size=128, window=64, stride=32) == [0, 32, 64]
    assert window_origins(size=100, window=64, stride=32) == [0, 32, 36]
    assert window_origins(size=64, window=64, stride=64) == [0]


def test_images_per_batch_fill_a_batch_of_windows():
    assert images_per_batch(PROTOCOL.replace(batch_size=21)) == 2  # 2 x 5 windows per image
    assert images_per_batch(PROTOCOL.replace(batch_size=4)) == 1
    assert images_per_batch(PROTOCOL.replace(mode="whole", batch_size=4)) == 4


def test_protocol_in_words():
    assert in_words(PROTOCOL) == "slide 16x16 by 16x8"
    assert in_words(PROTOCOL.replace(mode="whole", keep_ratio=True)) == "whole, ratio kept"


def test_windows_with_gaps_are_rejected():
    with pytest.raises(ValueError, match="stride 65 is larger"):
        window_origins(128, 64, 65)


def test_sliding_windows_do_not_change_a_pixelwise_network():
    images = torch.randn(2, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(slide_logits(lambda x: 2 * x, images, (8, 8), (5, 3), batch=7), 2 * images)


@pytest.mark.parametrize("size", [(40, 72), (97, 131), (11, 23), (24, 48)])
def test_resized_prediction_equals_resizing_all_classes_at_once(size):
    logits = torch.randn(19, 24, 48, generator=torch.Generator().manual_seed(0))
    whole = F.interpolate(logits[None], size, mode="bilinear", align_corners=False)[0]
    assert torch.equal(resized_prediction(logits, size).long(), whole.argmax(0))


def test_ties_go_to_the_first_class():
    logits = torch.zeros(19, 2, 2)
    logits[[3, 7]] = 1.0
    assert resized_prediction(logits, (4, 4)).unique().tolist() == [3]


class _LargestTensor(TorchDispatchMode):
    """Records the size in bytes of the largest tensor returned by any operation."""

    bytes = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        self.bytes = max(self.bytes, result.nbytes if isinstance(result, torch.Tensor) else 0)
        return result


def test_no_label_sized_tensor_holds_more_than_one_class():
    logits = torch.randn(19, 24, 48)
    with _LargestTensor() as largest:
        resized_prediction(logits, (400, 600))
    assert largest.bytes == 4 * 400 * 600


def test_record_of_another_training_is_rejected(evaluated):
    with pytest.raises(SystemExit, match="training.json: seed is 0, not 1"):
        evaluated(record=replace(RECORD, seed=1))


def test_training_without_images_of_the_generator_is_rejected(evaluated):
    with pytest.raises(SystemExit, match="saw no images of no_fusion"):
        evaluated(record=replace(RECORD, generator="no_fusion"))


def test_slide_without_window_is_rejected():
    with pytest.raises(ValidationError, match="mode slide needs crop and stride"):
        PROTOCOL.replace(crop=None)


def test_stride_larger_than_the_window_is_rejected():
    with pytest.raises(ValidationError, match="leaves gaps"):
        PROTOCOL.replace(stride=(8, 17))


def test_missing_weights_say_what_to_run(tmp_path, trained, target_set):
    (trained("run") / "weights.safetensors").unlink()
    with pytest.raises(SystemExit, match="weights.safetensors: no such weights; run"):
        evaluate(
            model="tiny", weights=tmp_path / "run" / "weights.safetensors", data=target_set,
            output=tmp_path / "result.npz", record=RECORD, options=PROTOCOL,
        )  # fmt: skip
