#!/bin/bash
source "$(dirname "$0")/../common.sh"
need_jars
need_command javac "javac (JDK 17)"
[ Main.class -nt Main.java ] || javac -cp "$jars/*" -d . Main.java
client java -Xmx256m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp ".:$jars/*" Main "$bootstrap"
