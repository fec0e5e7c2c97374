"""kpybroker: a Kafka broker in Python, for tests, CI and the verification of clients."""
