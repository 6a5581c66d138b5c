# SPDX-License-Identifier: MIT
# Who may include whom, checked on the #include lines of the files named as arguments (from the top of the tree):
#     awk -f tools/layers.awk proto/*.[ch] daemon/*.[ch] daemon/*/*.[ch] tools/*.[ch]
# A violation is told as file:line: what, and what is allowed. Tests may include everything and are not looked at.

function rooms_and_libraries() {
	# room, rooms whose headers it may include beside its own, libraries
	room("proto", "", "freestanding")
	room("firmware", "proto", "freestanding")
	room("examples", "proto", "libc")
	room("base", "", "libc")
	room("transport", "base", "libc sd-event libserialport libusb")
	room("drivers", "proto base", "libc")
	room("chain", "base", "libc libsodium")
	room("db", "base proto chain", "libc pthread sqlite")
	room("core", "drivers transport db base proto", "libc sd-event sd-device")
	room("rpc", "core db base proto", "libc sd-event sd-daemon jansson")
	room("main", "rpc core db chain drivers transport base proto", "libc sd-event sd-daemon sd-journal inih")
	room("tools", "base proto chain", "libc network jansson libsodium smartcols ncurses")

	# The benchmark that asks a record of ten years, and so must make one.
	room("bench", "tools db base proto chain", "libc jansson sqlite")

	# Declarations alone: the tool's verbs, options, prompts and manual are made of them, with no daemon running.
	one_header("tools", "db/change.h")
	one_header("tools", "db/audit.h")

	# Libraries that open a device: a file of transport/ has one of them at most.
	vendor["libserialport"] = vendor["libusb"] = 1

	library("freestanding", "stdint.h stddef.h stdbool.h")
	library("pthread", "pthread.h")
	library("sqlite", "sqlite3.h")
	library("sd-event", "systemd/sd-event.h")
	library("sd-device", "systemd/sd-device.h")
	library("sd-daemon", "systemd/sd-daemon.h")
	library("sd-journal", "systemd/sd-journal.h")
	library("libserialport", "libserialport.h")
	library("libusb", "libusb-1.0/libusb.h libusb.h")
	library("libsodium", "sodium.h")
	library("jansson", "jansson.h")
	library("inih", "ini.h")
	library("smartcols", "libsmartcols/libsmartcols.h")
	library("ncurses", "ncurses.h")
	# The daemon has no network: of it, the simulator alone serves (USB/IP).
	library("network", "netdb.h")
	# Of libc's own headers those in use; what is missing would be a new thing to decide.
	library("libc", "assert.h ctype.h dirent.h endian.h errno.h fcntl.h fnmatch.h getopt.h glob.h grp.h inttypes.h " \
		"langinfo.h limits.h locale.h malloc.h math.h poll.h pty.h pwd.h sched.h signal.h spawn.h stdarg.h " \
		"stdatomic.h stdio.h stdlib.h string.h strings.h sysexits.h termios.h time.h unistd.h wchar.h " \
		"linux/serial.h linux/usbdevice_fs.h")
}

function room(name, others, libraries,    n, i, part) {
	known_room[name] = 1
	allowed_rooms[name] = others
	allowed_libraries[name] = libraries
	may_room[name, name] = 1
	n = split(others, part, " ")
	for (i = 1; i <= n; i++)
		may_room[name, part[i]] = 1
	n = split(libraries, part, " ")
	for (i = 1; i <= n; i++)
		may_library[name, part[i]] = 1
	may_library[name, "freestanding"] = 1
}

# One header of a room that is else out of bounds.
function one_header(who, path) {
	may_header[who, path] = 1
}

function library(name, headers,    n, i, part) {
	n = split(headers, part, " ")
	for (i = 1; i <= n; i++)
		library_of[part[i]] = name
}

function fail(message) {
	printf "%s:%d: %s\n", FILENAME, FNR, message
	failed++
}

# The room that a path belongs to, "" if to none.
function room_of(path,    part) {
	if (path ~ /^proto\/[^\/]+$/)
		return "proto"
	if (path ~ /^proto\/firmware\/[^\/]+$/)
		return "firmware"
	if (path ~ /^proto\/examples\/[^\/]+$/)
		return "examples"
	if (path ~ /^tools\/bench_clinic[^\/]*$/)
		return "bench"
	if (path ~ /^tools\/[^\/]+$/)
		return "tools"
	if (path ~ /^daemon\/[^\/]+$/)
		return "main"
	if (path ~ /^daemon\/[^\/]+\/[^\/]+$/) {
		split(path, part, "/")
		return part[2]
	}
	return ""
}

function exists(path,    line, r) {
	if (path in is_there)
		return is_there[path]
	r = (getline line < path) >= 0
	close(path)
	return is_there[path] = r
}

# Where the compiler finds "header": beside the file, in proto/, in daemon/.
function find(header,    here) {
	here = FILENAME
	sub(/[^\/]+$/, "", here)
	if (exists(here header))
		return here header
	if (exists("proto/" header))
		return "proto/" header
	if (exists("daemon/" header))
		return "daemon/" header
	return ""
}

function check_own(header_name,    path, target) {
	path = find(header_name)
	if (path == "") {
		fail("there is no \"" header_name "\" beside this file, in proto/ or in daemon/")
		return
	}
	if (header_name ~ /\.\./) {
		fail("\"" header_name "\": name the room, \"room/header.h\", instead of a way through the tree")
		return
	}
	target = room_of(path)
	if (!((this_room, target) in may_room) && !((this_room, header_name) in may_header))
		fail(this_room " may not include " target " (\"" header_name "\"); it may include " \
			(allowed_rooms[this_room] == "" ? "no other room" : allowed_rooms[this_room]))
	else if (target != this_room && header_name ~ /_internal\.h$/)
		fail("\"" header_name "\" is for the files of " target " alone")
}

function check_system(header,    lib) {
	lib = header in library_of ? library_of[header] : header ~ /^sys\// ? "libc" : ""
	if (lib == "") {
		fail("<" header "> belongs to no library that tools/layers.awk knows: decide whose it may be, and add it there")
		return
	}
	if (!((this_room, lib) in may_library))
		fail(this_room " may not use " lib " (<" header ">); it may use " allowed_libraries[this_room])
	else if (this_room == "transport" && lib in vendor) {
		if (file_vendor != "" && file_vendor != lib)
			fail("one vendor library a file: " file_vendor " is here already, " lib " needs a file of its own")
		file_vendor = lib
	}
}

BEGIN {
	rooms_and_libraries()
}

FNR == 1 {
	files++
	file_vendor = ""
	this_room = room_of(FILENAME)
	if (!(this_room in known_room)) {
		fail("the folder is none that tools/layers.awk knows: decide who may include it, and add it there")
		this_room = ""
	}
}

this_room != "" && /^[ \t]*#[ \t]*include/ {
	line = $0
	if (match(line, /"[^"]+"/))
		check_own(substr(line, RSTART + 1, RLENGTH - 2))
	else if (match(line, /<[^>]+>/))
		check_system(substr(line, RSTART + 1, RLENGTH - 2))
	else
		fail("an #include names its header")
}

END {
	if (!files) {
		print "tools/layers.awk: no files named"
		exit 2
	}
	exit failed > 0
}
