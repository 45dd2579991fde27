from configuration import ConfigurationError, checked
from repeated_keys import repeated_keys

try:
    config.update(checked(config, REPOSITORY))
    if repeated := next(repeated_keys(workflow.configfiles), None):
        raise ConfigurationError(repeated)
except ConfigurationError as error:
    sys.exit(str(error))
