#!/bin/bash
source "$(dirname "$0")/../common.sh"
python_with kafka-python==3.0.12
client "$python" main.py "$bootstrap"
