"""The cluster as records: topics, partitions, nodes, features and configs, folded from `__cluster_metadata`."""
