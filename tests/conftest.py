"""The order of the tests."""


def pytest_collection_modifyitems(items):
    """Start with the files that take minutes, so that no worker is left with one of them at the end."""
    slow = {item.path for item in items if "slow" in item.keywords}
    items.sort(key=lambda item: item.path not in slow)  # stable
