# Waits for the supervisor, which comes last of a job's files, and becomes it.
dir=$1 left=$2 supervisor=$1/supervisor

until [ -f "$supervisor" ]; do
  left=$((left - 1))
  if [ "$left" -lt 0 ]; then
    echo "monkeyci: the sidecar did not bring the files of this job in time" >&2
    exit 75
  fi
  sleep 0.1 2>/dev/null || sleep 1
done

# Looked at what it says, because a shell may take a program for another processor for a script.
runs() {
  case "$("$1" 2>&1)" in "usage: monkeyci-supervisor"*) return 0 ;; *) return 1 ;; esac
}

# A volume from which nothing can be run: a copy elsewhere can.
if ! runs "$supervisor"; then
  for place in /tmp /var/tmp /dev/shm "$HOME" /; do
    copy=$place/.monkeyci-supervisor
    if { cat <"$supervisor" >"$copy" && chmod 755 "$copy"; } 2>/dev/null && runs "$copy"; then
      supervisor=$copy
      break
    fi
    rm -f "$copy" 2>/dev/null
  done
fi

if ! runs "$supervisor"; then
  why="its supervisor cannot run: the volume at $dir is mounted noexec and no program can be put anywhere else in its"
  why="$why container, or the container has another processor than the job"
  echo "monkeyci: $why" >&2
  printf 'reason cannot-start\nguarantee process-group\nmessage %s' "$why" >"$dir/report/result"
  exit 126
fi
exec "$supervisor" run "$dir"
