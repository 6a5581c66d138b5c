# SPDX-License-Identifier: MIT
# The manual page of pensim, from its own help:
#     pensim --help | awk -v version=0.1.0 -f tools/pensim-man.awk
# A line "  NAME  text" is an item, another one that ends in ":" begins a section of commands.

function clean(text) {
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	return text ~ /^[.']/ ? "\\&" text : text
}

BEGIN {
	printf ".TH PENSIM 1 \"\" \"stipple %s\" \"stipple\"\n", version
}

NR == 1 {
	sub(/^pensim: /, "")
	printf ".SH NAME\npensim \\- %s\n", clean($0)
	next
}

/^(usage:|  *)[ ]*pensim / {
	sub(/^(usage:)? *pensim /, "")
	if (!usage++)
		print ".SH SYNOPSIS"
	else
		print ".br"
	printf ".B pensim\n%s\n", clean($0)
	next
}

/^  [^ ]/ {
	if (!items++) {
		print ".SH DESCRIPTION"
		print "Plays pen machines that speak Penwire, on pseudo\\-terminals and as USB devices, with their physics and their faults, and writes"
		print "down what was true, to compare a record with."
		print ".SH OPTIONS"
	}
	line = substr($0, 3)
	# Two columns, blanks between them; only one blank where the first is too long, and then it ends in a bracket.
	if (match(line, /  +/) || match(line, /\] /)) {
		name = substr(line, 1, RSTART)
		text = substr(line, RSTART + RLENGTH)
		sub(/ +$/, "", name)
	} else {
		name = line
		text = ""
	}
	printf ".TP\n.B %s\n%s\n", clean(name), clean(text)
	next
}

/:$/ {
	print ".SH COMMANDS"
	print clean($0)
	next
}

NF {
	print clean($0)
}

END {
	print ".SH SEE ALSO"
	print ".BR stippled (8),"
	print ".BR stipplectl (1),"
	print ".BR penwire (7)"
}
