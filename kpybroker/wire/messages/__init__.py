"""Kafka's requests and responses: one file per API, fields in wire order, versions as ranges on the fields."""
