from configuration import ConfigurationError, checked

try:
    config.update(checked(config, REPOSITORY / "workflow/schemas/config.schema.yaml", REPOSITORY))
except ConfigurationError as error:
    sys.exit(str(error))
