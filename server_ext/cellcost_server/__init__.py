"""The Jupyter server extension: REST and events over the local journal."""
