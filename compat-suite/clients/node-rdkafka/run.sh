#!/bin/bash
source "$(dirname "$0")/../common.sh"
need_command npm "node and npm"
need_command g++
need_header librdkafka/rdkafka.h librdkafka-dev
BUILD_LIBRDKAFKA=0 npm_install
client node main.js "$bootstrap"
