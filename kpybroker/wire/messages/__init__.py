"""Kafka's requests and responses, one file per API, in wire order; a field's annotation says in which versions it is there."""
