#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The whole of stipple with simulated pens, in a temporary directory: tools/demo.sh BUILD-DIRECTORY. `make demo` calls it.
# Ends by itself and leaves nothing behind; with KEEP=1 it leaves the daemon and the pens running and says how to talk to them.
set -euo pipefail

build=$(cd "$1" && pwd)
pens=3
hours=6           # of work in each pen's log, on the days before
glimpse=12        # lines of live events
patience=60       # seconds after which waiting is giving up
directory=$(mktemp -d "${TMPDIR:-/tmp}/stipple-demo.XXXXXX")
touch "$directory/pensim.log" "$directory/stippled.log" # there before they are followed
children=()
own_session=()
[[ ${KEEP-} == 1 ]] && own_session=(setsid) # outlives this terminal

stop() {
	local pid
	for pid in "${children[@]}"; do
		kill "$pid" 2>/dev/null || :
	done
	for pid in "${children[@]}"; do
		wait "$pid" 2>/dev/null || :
	done
	rm -rf "$directory"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
	echo "demo: $*" >&2
	sed 's/^/    /' "$directory"/*.log >&2
	exit 70
}

say() {
	printf '\n# %s\n' "$*"
}

# Prints a command as one would type it, and runs it.
show() {
	printf '\n$ %s\n' "$*"
	PATH=$build:$PATH timeout "$patience" bash -c "$*" || fail "\`$*\` failed"
}

# Until a line of a program's log begins with "ready", or the program has ended.
await_ready() {
	grep -q -m 1 '^ready' < <(exec tail -n +1 -f --pid="$1" "$2" 2>/dev/null) || fail "${2##*/} says why it did not start:"
}

# One command of the simulator's control channel; its answer.
simulator() {
	local answer
	coproc CHANNEL { exec socat -t "$patience" STDIO "UNIX-CONNECT:$directory/pens.control"; }
	local channel=$CHANNEL_PID
	echo "$*" >&"${CHANNEL[1]}"
	read -r -t "$patience" answer <&"${CHANNEL[0]}" || fail "the simulator did not answer to: $*"
	kill "$channel" 2>/dev/null || :
	wait "$channel" 2>/dev/null || :
	[[ $answer == ok* ]] || fail "the simulator said to $*: $answer"
}

start_pens() {
	mkdir "$directory/pens"
	"${own_session[@]}" "$build/pensim" --dir "$directory/pens" --pens $pens --names serial --serial-prefix DEMO --history $hours --live 1 \
		--control "$directory/pens.control" >>"$directory/pensim.log" 2>&1 </dev/null &
	children+=($!)
	await_ready $! "$directory/pensim.log"
}

start_daemon() {
	"${own_session[@]}" "$build/stippled" --database "$directory/stipple.db" --key "$directory/private/signing.key" \
		--socket "$directory/stipple.sock" --port "$directory/pens/*" --no-hotplug >>"$directory/stippled.log" 2>&1 </dev/null &
	children+=($!)
	await_ready $! "$directory/stippled.log"
	export STIPPLE_SOCKET=$directory/stipple.sock
}

# The simulator says when a host has acknowledged all that a pen holds, the daemon when it has heard that there is no more.
await_drained() {
	local number until=$((SECONDS + patience))
	for ((number = 0; number < pens; number++)); do
		simulator wait-drained "$number"
	done
	until [[ $("$build/stipplectl" call daemon.status | jq .pens.live) == "$pens" ]]; do
		((SECONDS < until)) || fail "the daemon does not come to the end of the logs"
	done
}

tell_how_to_go_on() {
	cat >"$directory/stop" <<-STOP
		#!/bin/sh
		kill ${children[*]} 2>/dev/null
		rm -rf "$directory"
	STOP
	chmod +x "$directory/stop"
	say "Left running, as KEEP says. Talk to it:"
	echo
	echo "    export STIPPLE_SOCKET=$STIPPLE_SOCKET PATH=$build:\$PATH"
	echo "    stipplectl watch"
	echo "    stipplectl --help"
	echo
	echo "    echo 'pull 0' | socat - UNIX:$directory/pens.control     # pull a pen's cable; 'plug 0' puts it back, 'help' lists more"
	echo
	say "Stop it and remove all of it:"
	echo
	echo "    $directory/stop"
	trap - EXIT
}

say "Three simulated pens come back from $hours hours of work each; nobody has read their logs yet."
start_pens
say "The daemon starts with an empty database, finds them and drains their logs."
began=$(date +%s%N)
start_daemon
await_drained
say "Drained: every record is in the database, durable, and acknowledged ($((($(date +%s%N) - began) / 1000000)) ms)."

show "stipplectl status"
say "What the pens did, newest first; each run is one time motor on to motor off."
show "stipplectl runs --since yesterday --limit 8"
show "stipplectl sql 'SELECT pen, count(*) AS runs, sum(cycles) AS cycles, round(sum(on_time_s) / 3600, 2) AS motor_h FROM runs GROUP BY pen'"
run=$("$build/stipplectl" runs --state ended --limit 1 --csv --no-headings | cut -d, -f1)
show "stipplectl run $run"
say "One pen works right now. A glimpse of it (on a terminal, \`stipplectl watch\` alone is a full-screen view):"
show "stipplectl watch --pen DEMO-0001 | head -n $glimpse"
show "stipplectl pens"
say "The same from any language: one JSON text a line."
show "echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pen.get\",\"params\":{\"pen\":\"DEMO-0001\"}}' | socat - UNIX:\$STIPPLE_SOCKET | jq -c .result.live"
if [[ ${KEEP-} == 1 ]]; then
	tell_how_to_go_on
else
	say "That was all; nothing is left behind. \`make demo KEEP=1\` leaves it running."
fi
