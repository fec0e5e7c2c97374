"""Every setting of Kafka as data, held against what Apache Kafka itself says of them."""
