#!/bin/bash
source "$(dirname "$0")/../common.sh"
need_command go
go build -o main .
client ./main "$bootstrap"
