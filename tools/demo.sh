#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The whole of stipple with simulated pens, in a temporary directory: tools/demo.sh BUILD-DIRECTORY. `make demo` calls it.
# Ends by itself and leaves nothing behind; with KEEP=1 it leaves the daemon and the pens running and says how to talk to them.
set -euo pipefail

build=$(cd "$1" && pwd)
pens=3
hours=6           # of work in each pen's log, on the days before
glimpse=12        # lines of live events
patience=120      # seconds after which waiting is giving up
directory=$(mktemp -d "${TMPDIR:-/tmp}/stipple-demo.XXXXXX")
touch "$directory/pensim.log" "$directory/stippled.log" # there before they are followed
children=()
own_session=()
[[ ${KEEP-} == 1 ]] && own_session=(setsid) # outlives this terminal

stop() {
	local pid pids
	pids=$(jobs -p) # not what was noted: a signal may come before it is
	for pid in $pids; do
		kill "$pid" 2>/dev/null || :
	done
	for pid in $pids; do
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
	grep -q -m 1 '^ready' < <(exec timeout "$patience" tail -n +1 -f --pid="$1" "$2" 2>/dev/null) || fail "${2##*/} says why it did not start:"
}

# One command of the simulator's control channel; its answer. The channel is closed from here by an end of file, never by a
# signal: a socat that is told to end between looking for signals and waiting for input waits for ever.
simulator() {
	local answer
	answer=$(socat -t "$patience" STDIO "UNIX-CONNECT:$directory/pens.control" <<<"$*") || :
	[[ $answer ]] || fail "the simulator did not answer to: $*"
	[[ $answer == ok* ]] || fail "the simulator said to $*: $answer"
}

start_pens() {
	mkdir "$directory/pens"
	"${own_session[@]}" "$build/pensim" --dir "$directory/pens" --pens $pens --names serial --serial-prefix DEMO --history $hours \
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
	echo "    stipplectl report session 1002 --html=session.html     # the form as a page, for a browser or a printer"
	echo "    stipplectl --help"
	echo
	echo "    echo 'pull 0' | socat - UNIX:$directory/pens.control     # pull a pen's cable; 'plug 0' puts it back, 'help' lists more"
	echo
	say "Stop it and remove all of it:"
	echo
	echo "    $directory/stop"
	trap - EXIT
}

# Somebody switches a pen on; the daemon hears of it.
begin_run() {
	local until=$((SECONDS + patience))
	simulator run "$1" start
	until [[ $("$build/stipplectl" runs --state open --json) ]]; do
		((SECONDS < until)) || fail "the daemon does not hear of the run"
	done
}

end_run() {
	simulator run "$1" stop
	await_drained
}

# The run that is nobody's: somebody tried a pen and sat nobody down.
stray_run() {
	simulator burst 2 12
	await_drained
}

# From when to when pen $1 worked the day before until its first long pause, as the front desk would read it off `stipplectl runs`.
first_chair() {
	"$build/stipplectl" run list --pen "$1" --since "$day_before" --until today --limit 10000 --json --utc |
		jq -rs --argjson pause 900 'map({s: (.start | sub("\\..*"; "Z") | fromdate), e: (.end | sub("\\..*"; "Z") | fromdate)}) | sort_by(.s)
			| reduce .[] as $r ({from: .[0].s, to: .[0].e, over: false};
				if .over or $r.s - .to > $pause then .over = true else .to = $r.e end)
			| "\(.from - 300 | todate) \(.to + 300 | todate)"'
}

say "Three simulated pens come back from $hours hours of work each; nobody has read their logs yet."
day_before=$(date -u -d yesterday +%F) # when the pens worked, even if it is midnight before it is asked for
start_pens
say "The daemon starts with an empty database, finds them and drains their logs."
began=$(date +%s%N)
start_daemon
await_drained
say "Drained: every record is in the database, durable, and acknowledged ($((($(date +%s%N) - began) / 1000000)) ms)."

show "stipplectl status"
say "What the pens did, newest first; each run is one time motor on to motor off."
show "stipplectl runs --since yesterday --limit 5"
run=$("$build/stipplectl" runs --state ended --limit 1 --csv --no-headings | cut -d, -f1)
show "stipplectl run $run"

say "A clinic opens: who works here, who comes, what came in."
show "stipplectl practitioner add --name 'Mia Beispiel' --licence LIC-100 --licence-until 2031-12-31"
show "stipplectl place add --name 'Chair A' --kind chair"
show "stipplectl client add 1001 'Anna Example' --birth-date 1980-01-02"
show "stipplectl client add 1002 'Bruno Invented'"
show "stipplectl lot add C-77 --code 04012345678901 --category cartridge --name 'Round liner' --needle 0603RL --expiry 2031-03 --quantity 50"
read -r from to < <(first_chair DEMO-0002)
say "Yesterday's client is entered afterwards. The pen worked without the PC; its runs fall into the session."
show "stipplectl session add 1002 --pens DEMO-0002 --start $from --end $to --practitioner mia"
show "stipplectl consent add anna --risks"
say "Anna sits down. The pen was already working: its time is hers from where that run began. Her cartridge is scanned from its box."
begin_run 0
show "stipplectl session start anna DEMO-0001 --practitioner mia --place 'chair a' --kind consultation"
show "printf ']d2010401234567890117310300''10C-77\\035''21S-0001\\n' | stipplectl scan --session anna"
stray_run
show "stipplectl today"
end_run 0
say "What belongs to nobody stays visible until somebody links it, or says why not."
show "stipplectl runs --pen DEMO-0003 --attribution unattributed --limit 1"
say "Anna gets up."
show "stipplectl session end anna"
say "An inspector asks for yesterday's session: the head of its form. With --html=FILE it is a page to be printed, with drawings."
show "stipplectl report session 1002 | head -n 17"
show "stipplectl sql 'SELECT client_number, client_name, kind, runs, cycles, round(on_time_s) AS on_time_s FROM sessions ORDER BY id'"

simulator live 0 on
say "One pen works on by itself. A glimpse of it (on a terminal, \`stipplectl watch\` alone is a full-screen view):"
show "stipplectl watch --pen DEMO-0001 | head -n $glimpse"
show "stipplectl pens"
say "The same from any language: one JSON text a line."
show "echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pen.get\",\"params\":{\"pen\":\"DEMO-0001\"}}' | socat -t 10 - UNIX:\$STIPPLE_SOCKET | jq -c .result.live"
if [[ ${KEEP-} == 1 ]]; then
	tell_how_to_go_on
else
	say "That was all; nothing is left behind. \`make demo KEEP=1\` leaves it running."
fi
