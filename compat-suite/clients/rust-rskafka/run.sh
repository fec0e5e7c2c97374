#!/bin/bash
source "$(dirname "$0")/../common.sh"
need_command cargo
cargo build --quiet
client target/debug/main "$bootstrap"
