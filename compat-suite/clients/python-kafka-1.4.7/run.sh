#!/bin/bash
# An old kafka-python, in an environment of its own; the program is the same as for today's.
source "$(dirname "$0")/../common.sh"
need_command python3.11 # newer ones cannot import it
PYTHON=python3.11
python_with kafka-python==1.4.7
client "$python" "$clients_dir/python-kafka/main.py" "$bootstrap"
