# SPDX-License-Identifier: MIT
# Completion for bash. Nouns, verbs, options and their allowed words come from stipplectl's own help, pens and methods from the daemon.

_stipplectl() {
	local tool=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i words='' help
	local socket=() said=()

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--socket | -s) socket=(--socket "${COMP_WORDS[++i]}") ;;
		--host | -H) socket=(--host "${COMP_WORDS[++i]}") ;;
		-*) ;;
		*) [[ ${#said[@]} -lt 2 && ${COMP_WORDS[i - 1]} != -* ]] && said+=("${COMP_WORDS[i]}") ;;
		esac
	done
	# What follows an option that takes a value.
	if [[ $before == -* && $word != -* ]]; then
		case $before in
		--socket | -s | --key-file | --config | --database | --key | --public-key | --checkpoint | --bundle | --output | -o | --html)
			compopt -o default
			return
			;;
		--since | -S | --until | -U | --at) words='today yesterday now' ;;
		--pen | -p) words=$("$tool" "${socket[@]}" pens --csv --no-headings 2>/dev/null | cut -d, -f1) ;;
		--*)
			# the sentence of the option ends in "Allowed: a, b.", perhaps lines below
			words=$("$tool" "${said[@]}" --help 2>/dev/null | awk -v option="$before" '
				/^ +(-., )?--/ { on = $0 ~ ("(^| )" option "( |\\[|$)") }
				/^$/ { on = 0 }
				on { text = text " " $0 }
				END { if (match(text, /Allowed: [^.]*/)) { t = substr(text, RSTART + 9, RLENGTH - 9); gsub(/[, ]+/, " ", t); print t } }')
			;;
		esac
		[[ -n $words ]] && {
			mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
			return
		}
	fi
	if [[ $word == -* ]]; then
		words=$("$tool" "${said[@]}" --help 2>/dev/null | grep -oE -- '^ +(-., )?--[a-z][a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u)
	elif [[ ${#said[@]} == 0 || ( ${#said[@]} == 1 && ${said[0]} == help ) ]]; then
		help=$("$tool" --help 2>/dev/null)
		words=$(awk '/^(Nouns|Verbs)/ { on = 1; next } /^$/ { on = 0 } on && /^  [a-z]/ { print $1 }' <<<"$help")
		[[ ${#said[@]} == 0 ]] && words+=' pens runs identify'
	else
		case ${said[*]} in
		'pen show' | 'pen identify' | 'report pen' | 'trace pen' | identify) words=$("$tool" "${socket[@]}" pens --csv --no-headings 2>/dev/null | cut -d, -f1) ;;
		api | call) words=$("$tool" "${socket[@]}" api --csv --no-headings 2>/dev/null | cut -d, -f1) ;;
		backup* | restore* | checkpoint | 'client import' | 'profile load' | scan)
			compopt -o default
			return
			;;
		*)
			[[ ${said[0]} == help ]] && said=("${said[@]:1}")
			[[ ${#said[@]} == 1 ]] && words=$("$tool" "${said[0]}" --help 2>/dev/null |
				awk -v noun="${said[0]}" '/^Verbs:/ { on = 1; next } /^$/ { on = 0 } on && $1 == noun { print $2 }')
			[[ ${said[*]} == pen ]] && words+=" $("$tool" "${socket[@]}" pens --csv --no-headings 2>/dev/null | cut -d, -f1)"
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _stipplectl stipplectl
