"""Shared fixtures of the generator's tests; imports happen only in the fixtures that need them."""

import pytest


@pytest.fixture(scope="session")
def prior(tmp_path_factory):
    from tests.dginstyle.tiny_prior import write_tiny_prior

    return str(write_tiny_prior(tmp_path_factory.mktemp("prior") / "tiny"))


@pytest.fixture(scope="session")
def controlnet(tmp_path_factory, prior):
    from tests.dginstyle.tiny_prior import write_tiny_controlnet

    return write_tiny_controlnet(tmp_path_factory.mktemp("controlnet") / "tiny", prior)


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    from tests.dginstyle.tiny_prior import write_tiny_set

    return write_tiny_set(tmp_path_factory.mktemp("source") / "gta")


@pytest.fixture(scope="session")
def unet(prior, source, tmp_path_factory):
    """U^S of the small training."""
    from tests.dginstyle.trainings import dreambooth

    return dreambooth(prior, source, tmp_path_factory.mktemp("dreambooth"))


@pytest.fixture
def one_accelerator_a_test():
    """Reset Accelerate, which keeps a process's first precision, after each test."""
    from accelerate.state import AcceleratorState

    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture
def server(monkeypatch):
    """A publisher's server on localhost; retries do not wait."""
    import dginstyle.datasets.download as download_module
    from tests.dginstyle.package_server import Server, running

    monkeypatch.setattr(download_module.time, "sleep", lambda _: None)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running(Server()) as served:
        yield served


@pytest.fixture
def output(tmp_path):
    """The output path of the package."""
    return tmp_path / "packages" / "01_images.zip"
