"""The meter inside a kernel or process: attribution, capture, recording."""
