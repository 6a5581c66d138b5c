# SPDX-License-Identifier: MIT
# Completion for bash. Verbs and options come from stipplectl's own help, pens from the daemon.

_stipplectl() {
	local tool=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb='' i words=''
	local socket=()

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--socket | -s) socket=(--socket "${COMP_WORDS[++i]}") ;;
		--pen | -p | --since | -S | --until | -U | --state | --limit | -l | --first | --points | --after | --seconds | \
			--reason | --request-id) ((i++)) ;;
		-*) ;;
		*) verb=${verb:-${COMP_WORDS[i]}} ;;
		esac
	done
	case $before in
	--socket | -s)
		compopt -o default
		return
		;;
	--state) words='open ended cut' ;;
	--since | -S | --until | -U) words='today yesterday now' ;;
	--pen | -p | pen | identify) words=$("$tool" "${socket[@]}" pens --csv --no-headings 2>/dev/null | cut -d, -f1) ;;
	api | call) words=$("$tool" "${socket[@]}" api --csv --no-headings 2>/dev/null | cut -d, -f1) ;;
	esac
	if [[ $word == -* ]]; then
		words=$("$tool" ${verb:+"$verb"} --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]+' | sort -u)
	elif [[ -z $words && -z $verb ]] || [[ $before == help ]]; then
		words=$("$tool" --help 2>/dev/null | awk '/^Verbs:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }')
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _stipplectl stipplectl
