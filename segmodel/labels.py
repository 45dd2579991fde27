"""The label space: the 19 trainIds of Cityscapes, as the publisher's own table gives them."""

from cityscapesscripts.helpers.labels import trainId2label

IGNORE = 255
CLASSES = tuple(trainId2label[trainId].name for trainId in range(19))
PALETTE = tuple(trainId2label[trainId].color for trainId in range(19))  # RGB, 0-255
RARE_CLASSES = ("train", "rider", "bicycle", "motorcycle", "traffic light", "traffic sign")
RARE_TRAIN_IDS = tuple(CLASSES.index(name) for name in RARE_CLASSES)
