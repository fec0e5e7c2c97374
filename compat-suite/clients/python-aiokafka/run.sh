#!/bin/bash
source "$(dirname "$0")/../common.sh"
python_with aiokafka==0.14.0
client "$python" main.py "$bootstrap"
