#!/bin/bash
source "$(dirname "$0")/../common.sh"
need_jars
need_command javac "javac (JDK 17)"
if [ ! -e Main.class ] || [ -n "$(find . -name '*.java' -newer Main.class)" ]; then
    javac -cp "$jars/*" -d . ./*.java
fi
client java -Xmx256m -Dorg.slf4j.simpleLogger.defaultLogLevel=off -cp ".:$jars/*" Main "$bootstrap"
