module go-confluent

go 1.22.0

require github.com/confluentinc/confluent-kafka-go/v2 v2.11.1
