"""Networks and data that the generator's tests share; nothing is imported before a test asks for it."""

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
