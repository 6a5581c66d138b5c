# SPDX-License-Identifier: MIT
# A manual page from its source: @version@ and @sysconfdir@ are filled in, and a line @keys [SECTION]@ becomes the keys of that section of
# the configuration, from the first file, which is the output of `stippled --help-config`.

function roff(text) {
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	gsub(/'/, "\\(aq", text)
	gsub(/`/, "\\(ga", text)
	return text
}

FNR == 1 { file++ }

file == 1 && /^\[/ { section = $0; next }
file == 1 && /^[a-z_]+$/ { keys[section] = keys[section] ".TP\n.B " roff($0) "\n"; next }
file == 1 && NF { sub(/^ +/, ""); keys[section] = keys[section] roff($0) "\n"; next }
file == 1 { next }

/^@keys .*@$/ {
	name = substr($0, 7, length($0) - 7)
	if (!(name in keys)) {
		print FILENAME ":" FNR ": no section " name " in the output of --help-config" > "/dev/stderr"
		failed = 1
		exit 1
	}
	printf "%s", keys[name]
	next
}

{
	gsub(/@version@/, version)
	gsub(/@sysconfdir@/, sysconfdir)
	print
}
