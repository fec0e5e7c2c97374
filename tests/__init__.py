"""What kpybroker promises, held against Kafka, its specifications and other people's implementations."""
