from configuration import ConfigurationError, checked

try:
    config.update(checked(config, REPOSITORY))
except ConfigurationError as error:
    sys.exit(str(error))
