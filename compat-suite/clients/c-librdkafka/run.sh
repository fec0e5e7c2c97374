#!/bin/bash
source "$(dirname "$0")/../common.sh"
need_command gcc
need_header librdkafka/rdkafka.h librdkafka-dev
[ main -nt main.c ] || gcc -std=gnu11 -Wall -Wextra -O1 -o main main.c -lrdkafka
client ./main "$bootstrap"
