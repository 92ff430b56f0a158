"""One folder a service of the REST API."""
