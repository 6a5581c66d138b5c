# SPDX-License-Identifier: MIT
# The manual page of pensim, from its own help and its list of faults:
#     { pensim --help; pensim --fault list; } | awk -v version=0.1.0 -f tools/pensim-man.awk
# A line "  NAME  text" is an item, another one that ends in ":" begins a section of commands, and one of headings the faults.

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

# The columns are where their headings are.
/^NAME +=VALUE/ {
	value_at = index($0, "=VALUE")
	what_at = index($0, "WHAT")
	print ".SH FAULTS"
	print "Of"
	print ".B \\-\\-fault"
	print "and of the command"
	print ".BR fault ,"
	print "with what holds without a value in brackets."
	next
}

value_at {
	name = substr($0, 1, value_at - 1)
	value = substr($0, value_at, what_at - value_at)
	sub(/ +$/, "", name)
	sub(/ +$/, "", value)
	printf ".TP\n.B %s\n%s (%s)\n", clean(name), clean(substr($0, what_at)), clean(value)
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

function example(what, commands, line, n, i) {
	print ".PP"
	print clean(what)
	print ".PP"
	print ".nf"
	print ".RS"
	n = split(commands, line, "\n")
	for (i = 1; i <= n; i++)
		print clean(line[i])
	print ".RE"
	print ".fi"
}

END {
	print ".SH EXAMPLES"
	example("Three pens with a day's work in their logs, on pseudo-terminals, and a daemon that reads them:",
		"pensim --dir /tmp/pens --pens 3 --history 8 --live all &\n" \
		"stippled --database /tmp/record.db --key /tmp/key --socket /tmp/sock --port '/tmp/pens/pen*'")
	example("Two pens on a real USB bus, the second as a CDC-ACM serial port: they are served over USB/IP, and any Linux computer " \
		"whose kernel has vhci-hcd makes devices of them, with the program usbip of the package of that name. Bus ids are 1-1, 1-2 " \
		"and so on, one for each pen.",
		"pensim --usbip 3240 --pens 2 --usb 1:cdc --history 1 --live all\n" \
		"sudo modprobe vhci-hcd\n" \
		"usbip list -r 127.0.0.1\n" \
		"sudo usbip attach -r 127.0.0.1 -b 1-1\n" \
		"sudo usbip attach -r 127.0.0.1 -b 1-2\n" \
		"sudo usbip port; sudo usbip detach -p 0")
	example("Both at once on one computer, without usbip:", "sudo pensim --attach --pens 2 --usb 1:cdc --history 1 --live all")
	example("A pen whose cable goes in the middle of transfers, and whose endpoints stall:",
		"pensim --usbip 3240 --history 1 --fault usb-cut=3 --fault usb-stall=1")
	print ".PP"
	print "USB/IP is not encrypted and asks nobody's name: serve it to other computers (0.0.0.0:3240) on a network of your own only."
	print ".SH SEE ALSO"
	print ".BR stippled (8),"
	print ".BR stipplectl (1),"
	print ".BR penwire (7)"
}
