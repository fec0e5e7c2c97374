#!/bin/bash
# An old kafka-python, in an environment of its own; the program is the same as for today's.
source "$(dirname "$0")/../common.sh"
python_with kafka-python==2.3.3
client "$python" "$clients_dir/python-kafka/main.py" "$bootstrap"
