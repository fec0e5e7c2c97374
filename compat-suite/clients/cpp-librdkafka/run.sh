#!/bin/bash
source "$(dirname "$0")/../common.sh"
need_command g++
need_header librdkafka/rdkafka.h librdkafka-dev
[ main -nt main.cc ] || g++ -std=c++17 -Wall -Wextra -O1 -o main main.cc -lrdkafka++ -lrdkafka
client ./main "$bootstrap"
