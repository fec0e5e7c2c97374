"""Literal data: the settings of Kafka 4.3.1, each resource in a module of its own, loaded when first needed."""
