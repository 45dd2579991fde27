"""All parsers of what a user gives."""

from tests.fuzz.configurations import PARSERS as CONFIGURATIONS
from tests.fuzz.files import PARSERS as FILES
from tests.fuzz.images import PARSERS as IMAGES
from tests.fuzz.weights import PARSERS as WEIGHTS

PARSERS = {**IMAGES, **FILES, **CONFIGURATIONS, **WEIGHTS}
