#!/bin/sh
# The ffmpeg of PLAIN_FFMPEG without vector instructions, x264's among them.
first=1
for word in "$@"; do
  [ -n "$first" ] && set -- -cpuflags 0 && first=
  case $word in
    cpu-independent=1*) set -- "$@" "$word:no-asm=1" ;;
    *) set -- "$@" "$word" ;;
  esac
done
exec "$PLAIN_FFMPEG" "$@"
