#!/bin/bash
source "$(dirname "$0")/../common.sh"
need_command npm "node and npm"
npm_install
client node main.js "$bootstrap"
