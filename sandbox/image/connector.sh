#!/bin/sh
# The demo connector: logs JSON lines like an OpenCTI connector written in Python, and misbehaves when told to.
# POSIX sh; needs /bin/busybox or the usual tools, nothing else. See sandbox/README.md for the DEMO_ variables.

# In front of every command: inside the image its links may be missing, elsewhere the usual tools serve.
bb=
[ -x /bin/busybox ] && bb=/bin/busybox

# number VALUE DEFAULT: VALUE if it is a whole number, else DEFAULT
number() {
  case "$1" in '' | *[!0-9]*) echo "$2" ;; *) echo "$1" ;; esac
}

name=$(printf '%s' "${CONNECTOR_NAME:-demo}" | $bb tr -d '[:cntrl:]' | $bb sed 's/\\/\\\\/g; s/"/\\"/g')
interval=$(number "$DEMO_LOG_INTERVAL" 5)
[ "$interval" -gt 0 ] || interval=1
lines=$(number "$DEMO_LOG_LINES" 1)
crash_after=$(number "$DEMO_CRASH_AFTER" '')
exit_after=$(number "$DEMO_EXIT_AFTER" '')
exit_code=$(number "$DEMO_EXIT_CODE" 1)

log() { # LEVEL MESSAGE
  printf '{"timestamp":"%s","level":"%s","name":"%s","message":"%s"}\n' \
    "$($bb date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$name" "$2"
}

# Sleeping in the background and waiting for it is what lets a signal in at once.
nap() {
  $bb sleep "$1" &
  child=$!
  # Going on without having slept would turn the loop into a flood.
  wait "$child" || exit 125
}

stop() {
  log INFO "stopping on SIGTERM"
  kill "$child" 2>/dev/null
  exit 0
}

child=
if [ "$DEMO_IGNORE_SIGTERM" = true ]; then trap '' TERM; else trap stop TERM INT; fi

log INFO "connector $name starting"
if [ "$DEMO_PRINT_KEYS" = true ]; then
  # Names only: awk knows them apart from values, which may hold line breaks.
  keys=$($bb awk 'BEGIN { for (key in ENVIRON) print key }' </dev/null | $bb sort |
    $bb awk '/^[A-Za-z_][A-Za-z0-9_]*$/ && !/^(PATH|HOME|PWD|OLDPWD|HOSTNAME|SHLVL|TERM|_)$/ { printf "%s%s", sep, $0; sep = "," }')
  log INFO "configuration keys: $keys"
fi

elapsed=0
run=0
while :; do
  if [ -n "$crash_after" ] && [ "$elapsed" -ge "$crash_after" ]; then
    log ERROR "crashing with exit code $exit_code" >&2
    exit "$exit_code"
  fi
  if [ -n "$exit_after" ] && [ "$elapsed" -ge "$exit_after" ]; then
    log INFO "nothing left to do"
    exit 0
  fi
  line=0
  while [ "$line" -lt "$lines" ]; do
    line=$((line + 1))
    run=$((run + 1))
    log INFO "work $run done"
  done
  [ "$DEMO_WRITE_STDERR" = true ] && log ERROR "work $run had a warning" >&2

  # The next event is the next line or the end, whichever comes first.
  step=$interval
  for end in $crash_after $exit_after; do
    left=$((end - elapsed))
    [ "$left" -gt 0 ] && [ "$left" -lt "$step" ] && step=$left
  done
  nap "$step"
  elapsed=$((elapsed + step))
done
