#!/bin/bash
# franz-go's own tests: the client (kgo) and its admin (kadm).
source "$(dirname "$0")/../../clients/common.sh"
need_command go "go (1.21 or newer)"
go_tests github.com/twmb/franz-go v1.22.2 client
go_tests github.com/twmb/franz-go/pkg/kadm v1.19.0 admin
[ -n "$bootstrap" ] || exit 0
export KGO_SEEDS=$bootstrap KGO_TEST_RF=1 KGO_TEST_RECORDS=${KGO_TEST_RECORDS:-20000} KGO_LOG_LEVEL=none
(cd client/pkg/kgo && each_go_test kgo.)
(cd admin && each_go_test kadm.)
