# Runs in the freshly booted machine before its memory is saved: what is read here is in the page cache of every later one.
#   bash warm.sh DEPENDENCY...
set -eu
# Where hublet keeps compiled code when root runs it (bin/hublet): its modules are compiled once and for all.
export NODE_COMPILE_CACHE=/var/cache/hublet
mkdir -p -m 700 "$NODE_COMPILE_CACHE"

cd /opt/hublet
for dependency in "$@"; do
  node --input-type=module -e "await import('$dependency')"
done
# The sources of this moment too: later ones differ in some files only, and what is compiled goes by content.
cat > /tmp/sources.mjs << 'END'
import { globSync } from 'node:fs';
for (const file of globSync('/opt/hublet/src/**/*.ts')) await import(file).catch((err) => console.error(file, err.message));
process.exit();
END
echo 'const answer: number = 42; console.log(answer);' > /tmp/warm.ts
node /tmp/warm.ts > /dev/null
# What is lost where this fails is warmth only.
node /tmp/sources.mjs > /dev/null || echo "compiling the sources ended with $?" >&2
rm -rf src package.json /tmp/sources.mjs /tmp/warm.ts

systemctl is-system-running > /dev/null || systemctl --failed
systemd-run --wait --quiet --property=MemoryMax=100M --property=PrivateTmp=yes --uid=alice --slice=hublet-warm.slice true
systemctl stop hublet-warm.slice hublet.slice 2> /dev/null || true
busctl list > /dev/null
getent passwd alice > /dev/null
runuser -u alice -- sudo -n true
[ ! -e /usr/bin/python3 ] || python3 -c 'import json, socket, http.server'

# One real start of each Jupyter, where there is one: imports alone leave half of it unread.
warm_jupyter() {
  local HOME=/tmp/warm notebook server port
  export HOME
  mkdir -p "$HOME"
  jupyter notebook --allow-root --no-browser --NotebookApp.token=warm --NotebookApp.port=18001 > /dev/null 2>&1 &
  notebook=$!
  jupyter server --allow-root --no-browser --ServerApp.token=warm --ServerApp.port=18002 > /dev/null 2>&1 &
  server=$!
  for port in 18001 18002; do
    curl --silent --retry 120 --retry-delay 1 --retry-connrefused --output /dev/null "http://127.0.0.1:$port/api/status?token=warm"
  done
  kill "$notebook" "$server"
  wait "$notebook" "$server" || true
  rm -rf "$HOME"
}
[ ! -e /usr/bin/jupyter ] || warm_jupyter
journalctl --rotate --vacuum-time=1s > /dev/null 2>&1
sync
