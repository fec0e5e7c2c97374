"""What Kafka writes into its own logs and files: records of internal topics, control records, snapshots."""
