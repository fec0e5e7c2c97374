#!/bin/bash
source "$(dirname "$0")/../common.sh"
python_with confluent-kafka==2.16.1
client "$python" main.py "$bootstrap"
