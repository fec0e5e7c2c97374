#!/bin/bash
source "$(dirname "$0")/../common.sh"
need_command go
need_command gcc
go build -o main .
client ./main "$bootstrap"
