# SPDX-License-Identifier: MIT
# Turns the .sql files named as arguments into the C tables that daemon/db/query.h, change.h and audit.h declare.
#
#     awk -f tools/embed-sql.awk daemon/sql/part/*.sql daemon/sql/schema/*.sql \
#         daemon/sql/{write,engine,temp,query,change,resolve,audit}/*.sql daemon/profiles/*.conf >sql_table.c
#
# The folder says what a file is. schema/, write/, engine/, temp/ and resolve/, and the profiles of daemon/profiles, are embedded as they are.
# A file of query/, change/ or audit/ begins with a
# head of comment lines (query.h, change.h and audit.h say which), up to the first line that is none; below it, comments are free and are not
# embedded, but for the mark of an optional line of a query: `-- if PARAM`, `-- if PARAM=VALUE`, `-- if A and B`, and the same with
# unless; and the markers of a change's sections: `--: let`, `--: check`, `--: apply`, `--: answer`.
#
# part/ holds what several files share: below the comment at its top and an empty line, lines that stand wherever another file (but a
# migration or a profile) says `-- part: NAME KEY=VALUE ...`, with each {KEY} replaced by its value. Parts are named first; none has parts of
# its own.
# Whatever is not understood is refused as file:line: message.

function fail(message, line) {
	printf "%s:%d: %s%s\n", file, line ? line : FNR, message, in_part == "" ? "" : " (line " in_part_line " of part " in_part ")" > "/dev/stderr"
	failed = 1
}

# Text as a C string literal.
function quote(text,    out, i, c) {
	out = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "\\" || c == "\"")
			out = out "\\"
		out = out (c == "\t" ? "\\t" : c)
	}
	return "\"" out "\""
}

function trim(text) {
	sub(/^[ \t]+/, "", text)
	sub(/[ \t]+$/, "", text)
	return text
}

function ends_like_a_sentence(text) {
	return text ~ /[.?!)]$/
}

# Where the comment of a line begins (0: nowhere), text literals and quoted names skipped.
function comment_at(line,    i, c, inside) {
	inside = ""
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		if (inside != "") {
			if (c == inside)
				inside = ""
		} else if (c == "'" || c == "\"") {
			inside = c
		} else if (c == "-" && substr(line, i, 2) == "--") {
			return i
		} else if (c == "/" && substr(line, i, 2) == "/*") {
			fail("write comments as `-- ...`, not as `/* ... */`")
		}
	}
	if (inside != "")
		fail("a quoted text must end on the line where it begins")
	return 0
}

function kind_of(path) {
	if (path ~ /(^|\/)part\/[^\/]+$/)
		return "part"
	if (path ~ /(^|\/)schema\/[^\/]+$/)
		return "schema"
	if (path ~ /(^|\/)write\/[^\/]+$/)
		return "write"
	if (path ~ /(^|\/)engine\/[^\/]+$/)
		return "engine"
	if (path ~ /(^|\/)temp\/[^\/]+$/)
		return "temp"
	if (path ~ /(^|\/)query\/[^\/]+$/)
		return "query"
	if (path ~ /(^|\/)change\/[^\/]+$/)
		return "change"
	if (path ~ /(^|\/)resolve\/[^\/]+$/)
		return "resolve"
	if (path ~ /(^|\/)audit\/[^\/]+$/)
		return "audit"
	if (path ~ /(^|\/)profiles\/[^\/]+$/)
		return "profile"
	return ""
}

function begin_file() {
	end_file()
	file = FILENAME
	kind = kind_of(file)
	name = file
	sub(/^.*\//, "", name)
	if (kind == "")
		fail("cannot tell what this is: expected a file in part/, schema/, write/, engine/, temp/, query/, change/, resolve/, audit/ or profiles/")
	if (kind == "profile" && name !~ /^[a-z0-9-]+\.conf$/)
		fail("a profile's file is named like the profile: lower case, digits and -, then .conf")
	else if (kind != "profile" && name !~ /\.sql$/)
		fail("the name does not end in .sql")
	sub(/\.(sql|conf)$/, "", name)
	if (kind ~ /^(query|change)$/ && name !~ /^[a-z_]+(\.[a-z_]+)+$/)
		fail("a " kind "'s file is named like its method: noun.verb, lower case")
	else if (kind == "part" && name !~ /^[a-z_]+(\.[a-z_]+)+$/)
		fail("a part's file is named by what it is a part of and what it is: story.page, lower case")
	else if (kind == "resolve" && name !~ /^[a-z_]+$/)
		fail("this file is named like the noun that it finds: lower case")
	else if (kind == "audit" && name !~ /^[a-z]+(-[a-z]+)*$/)
		fail("a rule's file is named like the rule: lower case, words joined by -")
	else if (kind == "schema" && name !~ /^[0-9]+[a-z0-9_-]*$/)
		fail("a migration's file is named by its number and what it does: 0001-what.sql")
	else if (kind ~ /^(write|engine|temp)$/ && name !~ /^[a-z0-9_]+$/)
		fail("a statement's file is named in lower case, words joined by _")
	if ((kind, name) in seen)
		fail("a second " kind " file named " name)
	seen[kind, name] = 1
	if (kind == "change" && ("query", name) in seen || kind == "query" && ("change", name) in seen)
		fail("a query and a change of the same name")
	if (kind == "write" && ("engine", name) in seen || kind == "engine" && ("write", name) in seen)
		fail("a statement of write/ and one of engine/ of the same name")
	sql = ""
	in_head = kind ~ /^(query|change|audit|part)$/
	source = scope = online = severity = keys = says = does = thresholds = ""
	n_thresholds = n_graded = 0
	doc = role = shape = params = columns = noun = reason = same = after = sections = section = ""
	reads_personal = n_params = n_columns = n_about = n_sections = section_line = 0
	split("", param_type)
	split("", param_noun)
	split("", let_column)
	split("", section_count)
	split("", about_name)
	split("", param_line)
	split("", param_optional)
	split("", param_values)
	split("", used)
	split("", column_seen)
	split("", threshold_seen)
	if (kind == "audit")
		begin_rule()
}

# One `-- key: value` line of a query's head.
function head_line(line,    key, value) {
	if (line ~ /^-- SPDX-License-Identifier: /)
		return
	if (line !~ /^-- [a-z]+: ./) {
		fail("a head line is `-- key: value`; free comments go below the head, after an empty line")
		return
	}
	key = substr(line, 4, index(line, ":") - 4)
	value = trim(substr(line, index(line, ":") + 1))
	if (key == "doc") {
		doc = doc (doc == "" ? "" : " ") value
	} else if (kind == "audit") {
		head_rule(key, value)
	} else if (key == "role") {
		if (role != "")
			fail("role is stated twice")
		if (kind == "query" && value !~ /^(viewer|operator|admin)$/)
			fail("role " value ": allowed are viewer, operator, admin")
		if (kind == "change" && value !~ /^(operator|admin|daemon)$/)
			fail("role " value ": allowed are operator, admin, daemon")
		role = value
	} else if (kind == "change" && key ~ /^(noun|reason|same|after|about|guard)$/) {
		head_change(key, value)
	} else if (kind == "query" && key == "shape") {
		if (shape != "")
			fail("shape is stated twice")
		if (value !~ /^(object|list|page|cycles|moment|audit)$/)
			fail("shape " value ": allowed are object, list, page, cycles, moment, audit")
		shape = value
	} else if (key == "param") {
		head_param(value)
	} else if (key == "column") {
		head_column(value)
	} else {
		fail("unknown key " key ": allowed are doc, role, " \
			(kind == "query" ? "shape" : "noun, about, guard, reason, same, after") ", param, column")
	}
}

# A head line that only changes have.
function head_change(key, value,    n, i, at, what) {
	if (key == "noun") {
		if (noun != "")
			fail("noun is stated twice")
		if (value !~ /^[a-z_]+$/)
			fail("noun " value ": lower case letters and _")
		noun = value
	} else if (key == "reason") {
		if (value !~ /^(required|correction)$/)
			fail("reason " value ": allowed are required, correction")
		reason = value
	} else if (key == "same") {
		if (value !~ /^nothing( unless [a-z_]+)?$/)
			fail("same " value ": allowed are nothing, nothing unless LET")
		if (same != "")
			fail("same is stated twice")
		same = value
	} else if (key == "after") {
		if (value != "wipe")
			fail("after " value ": allowed is wipe")
		after = value
	} else {
		n = split(value, what, /[ \t]+/)
		for (i = 1; i <= n; i++) {
			if (what[i] !~ /^[a-z][a-z0-9_]*(=[a-z_]+)?$/)
				fail(key " " what[i] ": names of params or lets, or name=noun, a space between")
			at = index(what[i], "=")
			n_about++
			about_name[n_about] = at ? substr(what[i], 1, at - 1) : what[i]
			about_noun[n_about] = at ? substr(what[i], at + 1) : ""
			about_guard[n_about] = key == "guard"
			about_line[n_about] = FNR
		}
	}
}

# What every rule may ask for: in the order of enum db_rule_param. The last two always have a value.
function begin_rule(    n, i, p) {
	n = split(RULE_PARAMS, p, " ")
	for (i = 1; i <= n; i++) {
		param_type[p[i]] = "int"
		param_optional[p[i]] = i <= n - 2
	}
}

function once(what, before, value, allowed) {
	if (before != "")
		fail(what " is stated twice")
	if (allowed != "" && !listed(allowed, value)) {
		gsub(/[|]/, ", ", allowed)
		fail(what " " value ": allowed are " allowed)
	}
	return value
}

# A head line of an audit rule.
function head_rule(key, value,    n, i, what) {
	if (key == "source") {
		source = source (source == "" ? "" : " ") value
	} else if (key == "says") {
		says = says (says == "" ? "" : " ") value
	} else if (key == "do") {
		does = does (does == "" ? "" : " ") value
	} else if (key == "scope") {
		scope = once("scope", scope, value, "session|pen|lot|client|place|record")
	} else if (key == "online") {
		online = once("online", online, value, "yes|no")
	} else if (key == "severity") {
		severity = once("severity", severity, value, SEVERITIES)
	} else if (key == "key") {
		once("key", keys, value, "")
		n = split(value, what, /[ \t]+/)
		for (i = 1; i <= n; i++) {
			if (what[i] !~ /^[a-z][a-z0-9_]*$/)
				fail("key " what[i] ": names of columns, a space between")
			keys = keys (keys == "" ? "" : ", ") quote(what[i])
		}
	} else if (key == "threshold") {
		head_threshold(value)
	} else {
		fail("unknown key " key ": allowed are doc, source, scope, online, severity, threshold, key, says, do")
	}
}

# "warn_days int 7 days severity=warn -- ...".
function head_threshold(value,    n, raises) {
	n = declaration(value, "threshold")
	if (!n)
		return
	if (n < 4 || n > 5 || word[4] ~ /=/) {
		fail("a threshold is `name type value unit -- description`, with severity= before the -- where it is graded")
		return
	}
	if (word[1] ~ /^(enabled|severity|source|effective_from)$/)
		fail("every rule has " word[1] " already")
	if (word[1] in threshold_seen)
		fail("threshold " word[1] " is declared twice")
	threshold_seen[word[1]] = 1
	if (word[2] !~ /^(int|real)$/)
		fail("type " word[2] ": allowed are int, real")
	else if (word[3] != "off" && !default_fits(word[2], word[3]))
		fail("value " word[3] " does not fit type " word[2] "; or write off")
	raises = "none"
	if (n == 5) {
		raises = word[5]
		if (raises !~ /^severity=/ || !listed(SEVERITIES, substr(raises, 10)))
			fail("unknown " raises ": allowed is severity= with info, warn, error or critical")
		raises = substr(raises, 10)
		n_graded++
	}
	thresholds = thresholds sprintf("\t{%s, DB_%s, %s, %s, SEVERITY_%s, %s},\n", quote(word[1]), toupper(word[2]),
		word[3] == "off" ? "NULL" : quote(word[3]), quote(word[4]), toupper(raises), quote(doc_text))
	n_thresholds++
}

# Splits "declaration -- doc": sets word[], returns their number; doc_text.
function declaration(value, what,    at, n) {
	at = index(value, " -- ")
	if (!at) {
		fail("a " what " ends in ` -- ` and a sentence that describes it")
		return 0
	}
	doc_text = trim(substr(value, at + 4))
	if (!ends_like_a_sentence(doc_text))
		fail("a description is a sentence: it ends in a full stop")
	n = split(trim(substr(value, 1, at - 1)), word, /[ \t]+/)
	if (n < 2) {
		fail("a " what " is `name type ... -- description`")
		return 0
	}
	if (word[1] !~ /^[a-z][a-z0-9_]*$/)
		fail("name " word[1] ": lower case letters, digits and _")
	return n
}

function number_of(text, what) {
	if (text !~ /^-?[0-9]+$/) {
		fail(what " is not an integer")
		return "0"
	}
	return text
}

function default_fits(type, value) {
	if (type == "int")
		return value ~ /^-?[0-9]+$/
	if (type == "real")
		return value ~ /^-?[0-9]+(\.[0-9]+)?$/
	if (type == "bool")
		return value ~ /^(true|false)$/
	return type == "text"
}

function head_param(value,    n, i, type, required, min, max, fallback, values, has_default, v, of, personal) {
	n = declaration(value, "param")
	if (!n)
		return
	type = word[2]
	required = personal = "false"
	of = ""
	if (type ~ /^ref:([a-z_]+|[*])$/) {
		of = substr(type, 5)
		type = "ref"
	}
	min = max = fallback = values = ""
	has_default = 0
	if (type == "ref" && of == "" || type !~ /^(int|real|text|bool|time|ref|date|expiry|list|json)$/)
		fail("type " type ": allowed are int, real, text, bool, time, date, expiry, list, json, ref:NOUN")
	if (word[1] in param_type)
		fail("param " word[1] " is declared twice")
	if (kind == "change" && word[1] ~ RESERVED)
		fail("every change has " word[1] " already")
	for (i = 3; i <= n; i++) {
		v = word[i]
		sub(/^[a-z]+=/, "", v)
		if (word[i] == "required") {
			required = "true"
		} else if (word[i] == "personal" && kind == "change") {
			personal = "true"
			if (type !~ /^(text|date|expiry)$/)
				fail("personal is for text, date and expiry")
		} else if (word[i] ~ /^(min|max)=/ && type ~ /^(bool|time|ref|date|expiry)$/) {
			fail("a " type " has no " word[i])
		} else if (word[i] ~ /^min=/) {
			min = number_of(v, "min")
		} else if (word[i] ~ /^max=/) {
			max = number_of(v, "max")
		} else if (word[i] ~ /^default=/) {
			fallback = v
			has_default = 1
			if (!default_fits(type, v))
				fail("default " v " does not fit type " type)
		} else if (word[i] ~ /^values=/) {
			values = v
			if (type !~ /^(text|list)$/ || v !~ /^[a-z0-9_.-]+([|][a-z0-9_.-]+)*$/)
				fail("values= is for text and list and looks like values=open|ended|cut")
		} else {
			fail("unknown " word[i] ": allowed are required, min=, max=, default=, values=" \
				(kind == "change" ? ", personal" : ""))
		}
	}
	if (required == "true" && has_default)
		fail("a required param needs no default")
	if (min != "" && max != "" && min + 0 > max + 0)
		fail("min is above max")
	if (type ~ /^(int|real)$/ && has_default &&
	    ((min != "" && fallback + 0 < min + 0) || (max != "" && fallback + 0 > max + 0)))
		fail("the default lies outside min and max")
	if (values != "" && has_default && !listed(values, fallback))
		fail("the default is not one of the values")
	param_type[word[1]] = type
	param_values[word[1]] = values
	param_line[word[1]] = FNR
	param_optional[word[1]] = required == "false" && !has_default
	param_noun[word[1]] = of
	params = params sprintf("\t{%s, DB_%s, %s, %s, %s, %s,\n\t %s, %s, %s, %s},\n", quote(word[1]), toupper(type), required,
		min == "" ? "INT64_MIN" : "INT64_C(" min ")", max == "" ? "INT64_MAX" : "INT64_C(" max ")",
		has_default ? quote(fallback) : "NULL", quote(doc_text), values == "" ? "NULL" : quote(values),
		of == "" ? "NULL" : quote(of), personal)
	if (++n_params == (kind == "change" ? 27 : 33))
		fail("more than " (n_params - 1) " params (DB_PARAMS_MAX)")
}

# Whether @value is one of "a|b|c".
function listed(values, value) {
	return index("|" values "|", "|" value "|") > 0
}

function head_column(value,    n, type, decimals) {
	n = declaration(value, "column")
	if (!n)
		return
	type = word[2]
	decimals = 0
	if (type ~ /^real:[0-9]$/) {
		decimals = substr(type, 6)
		type = "real"
	}
	if (type == "real" && word[2] == "real")
		fail("say how many decimals: real:3")
	if (type !~ /^(int|real|text|bool|time|json|hex)$/)
		fail("type " type ": allowed are int, real:N, text, bool, time, json, hex")
	if (n > 2)
		fail("unknown " word[3] ": a column is `name type -- description`")
	if (word[1] in column_seen)
		fail("column " word[1] " is declared twice")
	if (kind == "change" && word[1] ~ /^(entry|version|repeated|dry_run)$/)
		fail("every answer has " word[1] " already")
	column_seen[word[1]] = 1
	columns = columns sprintf("\t{%s, COLUMN_%s, %d, %s},\n", quote(word[1]), toupper(type), decimals, quote(doc_text))
	n_columns++
}

# Checks the mark at the end of a line of SQL; what it says is done by daemon/db/statement.c.
function check_mark(mark,    n, i, at, p, v, term) {
	sub(/^-- (if|unless) /, "", mark)
	n = split(mark, term, / and /)
	for (i = 1; i <= n; i++) {
		p = term[i]
		if (p !~ /^[a-z][a-z0-9_]*(=[a-z0-9_.-]+)?$/) {
			fail("a mark is `-- if PARAM`, `-- if PARAM=VALUE`, several joined by and, or the same with unless")
			return
		}
		at = index(p, "=")
		v = at ? substr(p, at + 1) : ""
		if (at)
			p = substr(p, 1, at - 1)
		if (!(p in param_type))
			fail("the mark names " p ", which is no param of this query")
		else if (at && !listed(param_values[p], v))
			fail("the mark names " p "=" v ", which is not one of its values=")
		else if (!at && !param_optional[p])
			fail("the mark names " p ", which always has a value")
		used[p] = 1
	}
}

function query_line(line,    at, mark) {
	if (line ~ /^[ \t]*-- *(doc|role|shape|param|column|noun|about|guard|reason|same|after|source|scope|online|severity|threshold|key|says|do):/)
		fail("a declaration below the head: move it up, without an empty line between")
	if (kind == "change" && line ~ /^--:/) {
		begin_section(trim(substr(line, 4)))
		return
	}
	at = comment_at(line)
	mark = at ? trim(substr(line, at)) : ""
	if (at)
		line = substr(line, 1, at - 1)
	sub(/[ \t]+$/, "", line)
	if (line == "" || kind == "change" || mark !~ /^-- (if|unless) /)
		mark = ""
	if (mark != "")
		check_mark(mark)
	if (line == "")
		return
	if (kind == "change" && section == "") {
		fail("SQL before the first section: begin one with `--: let`, `--: check`, `--: apply` or `--: answer`")
		section = "none"
	}
	note_params(line)
	if (section == "let")
		note_columns(line)
	sql = sql "\n\t\t" quote(line (mark == "" ? "" : " " mark))
	sub(/"$/, "\\n\"", sql)
}

# Remembers which :names a line of SQL uses.
function note_params(line,    n) {
	gsub(/'[^']*'/, "''", line)
	gsub(/"[^"]*"/, "\"\"", line)
	while (match(line, /:[A-Za-z_][A-Za-z0-9_]*/)) {
		n = substr(line, RSTART + 1, RLENGTH - 1)
		if (kind == "change" && n !~ BOUND && !(n in param_type) && !(n in let_column))
			fail(":" n " is neither a param nor a column of an earlier let")
		else if (kind == "query" && !(n in param_type))
			fail(":" n " is not declared: add `-- param: " n " ...`")
		else if (kind == "audit" && !(n in param_type))
			fail(":" n " is no parameter of a rule: there are " RULE_PARAMS)
		used[n] = 1
		line = substr(line, RSTART + RLENGTH)
	}
}

# Remembers what a let names its columns.
function note_columns(line,    n) {
	gsub(/'[^']*'/, "''", line)
	while (match(line, /[Aa][Ss] +[a-z_][a-z0-9_]*/)) {
		n = substr(line, RSTART, RLENGTH)
		sub(/^.* /, "", n)
		if (n in param_type || n ~ RESERVED || n ~ BOUND || n ~ /^(personal|was|uid)$/)
			fail("a let cannot be named " n ": that is a param, or the entry's own")
		let_column[n] = 1
		line = substr(line, RSTART + RLENGTH)
	}
}

# Closes the section before, and begins another.
function begin_section(what) {
	end_section()
	section = what
	section_line = FNR
	if (what !~ /^(let|check|apply|answer)$/)
		fail("section " what ": allowed are let, check, apply, answer")
	if (section_count["answer"])
		fail("the answer is the last section")
	if (what == "let" && section_count["apply"])
		fail("a let stands before the first apply: it becomes part of the entry")
	section_count[what]++
}

function end_section() {
	if (section == "")
		return
	if (sql == "")
		fail("nothing in this section", section_line)
	if (section == "apply" && sql !~ /;\\n"$/)
		fail("the last statement of an apply ends in a semicolon", section_line)
	sections = sections "\t{SECTION_" toupper(section) "," sql "},\n"
	n_sections++
	sql = ""
	section = ""
}

# The parameters of every change, in the order of enum change_param.
function every_change() {
	return "\t{\"reason\", DB_TEXT, " (reason == "required" ? "true" : "false") ", INT64_C(1), LIMIT_REASON, NULL,\n" \
		"\t \"Why, in your own words; kept with the record.\", NULL, NULL, true},\n" \
		"\t{\"on_behalf_of\", DB_REF, false, INT64_MIN, INT64_MAX, NULL,\n" \
		"\t \"Practitioner whose word it is, when somebody else types.\", NULL, \"practitioner\", false},\n" \
		"\t{\"request_id\", DB_TEXT, false, INT64_C(1), LIMIT_REQUEST_ID, NULL,\n" \
		"\t \"An id of your own: the same request sent again is recorded once, and gets the first answer.\", NULL, NULL, false},\n" \
		"\t{\"version\", DB_INT, false, INT64_C(1), INT64_MAX, NULL,\n" \
		"\t \"Version of the record that is to be changed; refused when it has moved on.\", NULL, NULL, false},\n" \
		"\t{\"amend\", DB_BOOL, false, INT64_MIN, INT64_MAX, NULL,\n" \
		"\t \"Changes a session although it is signed; wants a reason, and is counted.\", NULL, NULL, false},\n" \
		"\t{\"dry_run\", DB_BOOL, false, INT64_MIN, INT64_MAX, NULL,\n" \
		"\t \"Checks and answers all, and keeps nothing.\", NULL, NULL, false},\n"
}

function every_answer(before) {
	if (before)
		return "\t{\"entry\", COLUMN_INT, 0, \"Number of its entry; null on a dry run" \
				(same != "" ? ", and where all of it stands there already" : "") ".\"},\n" \
			"\t{\"version\", COLUMN_INT, 0, \"Version of the record from now on; null on a dry run" \
				(same != "" ? " that finds something to change" : "") ".\"},\n" \
			"\t{" quote(noun) ", COLUMN_INT, 0, \"Number of the record.\"},\n"
	return "\t{\"repeated\", COLUMN_BOOL, 0, \"This request_id was answered before: this is that answer.\"},\n" \
		"\t{\"dry_run\", COLUMN_BOOL, 0, \"Nothing of it was kept.\"},\n"
}

function end_about(    i, n, of, rows) {
	rows = ""
	for (i = 1; i <= n_about; i++) {
		n = about_name[i]
		if (!(n in param_type) && !(n in let_column))
			fail(n " is neither a param nor a column of a let", about_line[i])
		of = about_noun[i]
		if (of == "")
			of = param_noun[n] != "" ? param_noun[n] : n
		if (about_guard[i] && of != "session")
			fail("guard " n ": that is no session", about_line[i])
		if (n in param_type)
			used[n] = 1
		rows = rows sprintf("\t{%s, %s, %s},\n", quote(n), quote(of), about_guard[i] ? "true" : "false")
	}
	return rows
}

function end_change(    id, p, rows, unless) {
	if (doc == "" || !ends_like_a_sentence(doc))
		fail("the head lacks `-- doc:`, a sentence", 1)
	if (role == "")
		fail("the head lacks `-- role:`", 1)
	if (noun == "")
		fail("the head lacks `-- noun:`", 1)
	else if (!(noun in param_type) && !(noun in let_column))
		fail("nothing gives :" noun ", the id of the record: a param, or a column of a let", 1)
	else if (noun in param_type && param_noun[noun] != noun && !(param_noun[noun] == "aftercare" && noun == "consent")) # is one of them
		fail("param " noun " is the record's id: its type is ref:" noun, param_line[noun])
	unless = substr(same, length("nothing unless ") + 1)
	if (same != "" && !(noun in param_type))
		fail("same: what makes a new record is never the same", 1)
	if (unless != "" && !(unless in let_column))
		fail("same: " unless " is no column of a let", 1)
	if (!section_count["apply"])
		fail("no apply: it would change nothing", 1)
	if (!section_count["answer"] != !n_columns)
		fail("columns are declared for an answer, and an answer has columns", 1)
	used[noun] = 1
	rows = end_about()
	for (p in param_type)
		if (p in param_line && !(p in used))
			fail("param " p " is not used", param_line[p])
	id = "change_" name
	gsub(/[^a-z]/, "_", id)
	tables = tables "static const struct db_param params_" id "[] = {\n" params every_change() "};\n"
	tables = tables "static const struct db_column columns_" id "[] = {\n" every_answer(1) columns every_answer(0) "};\n"
	if (n_about)
		tables = tables "static const struct db_about about_" id "[] = {\n" rows "};\n"
	tables = tables "static const struct db_section sections_" id "[] = {\n" sections "};\n\n"
	changes = changes sprintf("\t{\n\t\t{%s,\n\t\t%s,\n\t\tROLE_%s, SHAPE_OBJECT,\n\t\tparams_%s, %d, columns_%s, %d, NULL},\n" \
		"\t\t%s, %d, REASON_%s, %s, %s, %s, %d,\n\t\tsections_%s, %d,\n\t},\n",
		quote(name), quote(doc), toupper(role), id, n_params + 6, id, n_columns + 5, quote(noun), n_params,
		reason == "" ? "FREE" : toupper(reason), after == "wipe" ? "true" : "false", same == "" ? "NULL" : quote(unless), n_about ? "about_" id : "NULL", n_about,
		id, n_sections)
	n_changes++
}

function end_query(    id, p) {
	if (doc == "" || !ends_like_a_sentence(doc))
		fail("the head lacks `-- doc:`, a sentence", 1)
	if (role == "")
		fail("the head lacks `-- role:`", 1)
	if (shape == "")
		fail("the head lacks `-- shape:`", 1)
	if (!n_columns)
		fail("the head lacks `-- column:` lines", 1)
	if (shape == "page" && (param_type["after"] != "text" || param_type["limit"] != "int"))
		fail("a page has `-- param: after text` and `-- param: limit int`", 1)
	if (shape == "page" && param_optional["limit"])
		fail("the limit of a page has a default", param_line["limit"])
	for (p in param_type)
		# What shapes an answer of cycles or of the audit is used by cycles_query.c and audit_list.c.
		if (p in param_line && !(p in used) && shape !~ /^(cycles|audit)$/)
			fail("param " p " is not used", param_line[p])
	id = name
	gsub(/[^a-z]/, "_", id)
	if (n_params)
		tables = tables "static const struct db_param params_" id "[] = {\n" params "};\n"
	tables = tables "static const struct db_column columns_" id "[] = {\n" columns "};\n\n"
	# The SQL is not sprintf's: mawk formats 8 KiB and no more.
	queries = queries sprintf("\t{\n\t\t%s,\n\t\t%s,\n\t\tROLE_%s,\n\t\tSHAPE_%s,\n\t\t%s,\n\t\t%d,\n\t\tcolumns_%s,\n\t\t%d,",
		quote(name), quote(doc), toupper(role), toupper(shape), n_params ? "params_" id : "NULL", n_params,
		id, n_columns) sql ",\n\t},\n"
	n_queries++
}

# Whether the rule restricts itself by each of these.
function restricted(names,    n, i, p) {
	n = split(names, p, " ")
	for (i = 1; i <= n; i++)
		if (!(p[i] in used))
			fail("a rule of scope " scope " has a line for :" p[i] " that ends in `-- if " p[i] "`", 1)
}

function end_rule(    id) {
	if (doc == "" || !ends_like_a_sentence(doc))
		fail("the head lacks `-- doc:`, a sentence", 1)
	if (source == "")
		fail("the head lacks `-- source:`", 1)
	if (scope == "")
		fail("the head lacks `-- scope:`", 1)
	if (keys == "")
		fail("the head lacks `-- key:`", 1)
	if (says == "" || !ends_like_a_sentence(says))
		fail("the head lacks `-- says:`, a sentence", 1)
	if (does == "" || !ends_like_a_sentence(does))
		fail("the head lacks `-- do:`, a sentence", 1)
	if ((severity == "") != (n_graded > 0))
		fail("a rule has either `-- severity:` or thresholds with severity=", 1)
	if (online == "yes" && scope != "session")
		fail("online is for rules of scope session", 1)
	if (scope == "session")
		restricted("since_us until_us session client")
	else if (scope != "" && scope != "record")
		restricted(scope)
	id = name
	gsub(/-/, "_", id)
	if (n_thresholds)
		tables = tables "static const struct db_threshold thresholds_" id "[] = {\n" thresholds "};\n"
	tables = tables "static const char *const key_" id "[] = {" keys ", NULL};\n\n"
	rules = rules sprintf("\t{\n\t\t%s,\n\t\t%s,\n\t\tSCOPE_%s, %s, %s, SEVERITY_%s, %s, %d, key_%s,\n\t\t%s,\n\t\t%s,\n",
		quote(name), quote(source), toupper(scope), online == "yes" ? "true" : "false", n_graded ? "true" : "false",
		severity == "" ? "NONE" : toupper(severity), n_thresholds ? "thresholds_" id : "NULL", n_thresholds, id,
		quote(says), quote(does))
	rules = rules "\t\t{" quote(name) ", " quote(doc) ", ROLE_OPERATOR, SHAPE_LIST, db_rule_params, RULE_PARAMS_, NULL, 0," sql "},\n\t},\n"
	n_rules++
}

# One line of a part: the comment at its top is not kept.
function part_line(line) {
	if (in_head && line == "")
		in_head = 0
	else if (in_head && line !~ /^--/)
		fail("a part begins with a comment that says what it is, and an empty line")
	else if (!in_head && line ~ PART)
		fail("a part has no parts")
	else if (!in_head)
		part[name, ++part_lines[name]] = line
}

# `-- part: NAME KEY=VALUE ...`: its lines, as if they stood here.
function put_part(line,    n, i, j, at, what, text, key, value, keys_used) {
	n = split(trim(line), what, /[ \t]+/)
	if (n < 3 || !(what[3] in part_lines)) {
		fail("there is no part " what[3] ": it is a file in part/, named before this one")
		return
	}
	for (j = 4; j <= n; j++) {
		at = index(what[j], "=")
		key[j] = "{" substr(what[j], 1, at - 1) "}"
		value[j] = substr(what[j], at + 1)
		if (key[j] !~ /^[{][A-Z]+[}]$/ || value[j] !~ /^[^{}]+$/) {
			fail("a part is `-- part: NAME KEY=VALUE ...`: the key in capitals, the value without spaces and braces")
			return
		}
	}
	in_part = what[3]
	for (i = 1; i <= part_lines[what[3]]; i++) {
		in_part_line = i
		text = part[what[3], i]
		for (j = 4; j <= n; j++)
			while ((at = index(text, key[j]))) {
				text = substr(text, 1, at - 1) value[j] substr(text, at + length(key[j]))
				keys_used[j] = 1
			}
		if (match(text, /[{][A-Z]+[}]/))
			fail("nothing is said for " substr(text, RSTART, RLENGTH))
		take_line(text)
	}
	in_part = ""
	for (j = 4; j <= n; j++)
		if (!keys_used[j])
			fail("part " what[3] " has no " key[j])
}

# One line of a file with a head.
function declared_line(line) {
	if (in_head && line ~ /^--/) {
		head_line(line)
	} else {
		in_head = 0
		query_line(line)
	}
}

# One line of a file that is embedded as it is.
function raw_line(line) {
	if (kind == "resolve" && line !~ /^[ \t]*--/ && line ~ /personal/)
		reads_personal = 1
	sql = sql "\n\t\t" quote(line)
	sub(/"$/, "\\n\"", sql)
}

# One line of any file but a part.
function take_line(line) {
	if (in_part == "" && line ~ PART && kind !~ /^(schema|profile)$/)
		put_part(line)
	else if (kind ~ /^(query|change|audit)$/)
		declared_line(line)
	else
		raw_line(line)
}

function end_file(    entry) {
	if (file == "")
		return
	if (kind == "part") {
		if (!part_lines[name])
			fail("nothing in this part", 1)
		return
	}
	end_section()
	if (sql == "" && !n_sections)
		fail("no SQL in it", 1)
	entry = "\t{" quote(name) "," sql "},\n"
	if (kind == "query") {
		end_query()
	} else if (kind == "change") {
		end_change()
	} else if (kind == "audit") {
		end_rule()
	} else if (kind == "resolve") {
		resolves = resolves "\t{" quote(name) ", " (reads_personal ? "true" : "false") "," sql "},\n"
		n_resolves++
	} else if (kind == "schema") {
		if (n_schema && name < last_schema)
			fail("migrations must be given in the order of their names", 1)
		last_schema = name
		schema = schema entry
		n_schema++
	} else if (kind == "profile") {
		profiles = profiles entry
		n_profiles++
	} else if (kind == "write") {
		writes = writes entry
		n_writes++
	} else if (kind == "engine") {
		engines = engines entry
		n_engines++
	} else if (kind == "temp") {
		temps = temps entry
		n_temps++
	}
}

function table(type, symbol, count_symbol, rows, count) {
	# C has no empty arrays: without rows there is one that the count leaves out.
	printf "const struct %s %s[] = {\n%s};\nconst size_t %s = %d;\n\n", type, symbol, count ? rows : "\t{},\n",
		count_symbol, count
}

BEGIN {
	RESERVED = "^(reason|on_behalf_of|request_id|version|amend|dry_run|entry|at_us|actor|uid|personal|was)$"
	BOUND = "^(reason|on_behalf_of|amend|entry|at_us|actor)$"
	PART = "^[ \t]*-- part:"
	SEVERITIES = "info|warn|error|critical"
	RULE_PARAMS = "since_us until_us session client pen lot practitioner place now_us today"
	# Without arguments awk would wait for standard input.
	if (ARGC < 2)
		exit
}

FNR == 1 { begin_file() }

{
	if ($0 ~ /\r$/)
		fail("the line ends in a carriage return")
	if (kind == "part")
		part_line($0)
	else
		take_line($0)
}

END {
	end_file()
	if (failed)
		exit 1
	print "/* Made by tools/embed-sql.awk from daemon/sql: do not edit. */"
	print "#include \"db/audit.h\"\n#include \"db/change.h\"\n"
	print "const struct db_param db_rule_params[RULE_PARAMS_] = {"
	n = split(RULE_PARAMS, p, " ")
	for (i = 1; i <= n; i++)
		print "\t{" quote(p[i]) ", DB_INT, false, INT64_MIN, INT64_MAX, NULL, \"\", NULL, NULL, false},"
	print "};\n"
	printf "%s", tables
	table("db_query", "db_queries", "db_n_queries", queries, n_queries)
	table("db_change", "db_changes", "db_n_changes", changes, n_changes)
	table("db_rule", "db_rules", "db_n_rules", rules, n_rules)
	table("db_resolve", "db_resolves", "db_n_resolves", resolves, n_resolves)
	table("db_sql", "db_profiles", "db_n_profiles", profiles, n_profiles)
	table("db_sql", "db_schema", "db_n_schema", schema, n_schema)
	table("db_sql", "db_writes", "db_n_writes", writes, n_writes)
	table("db_sql", "db_engines", "db_n_engines", engines, n_engines)
	table("db_sql", "db_temps", "db_n_temps", temps, n_temps)
}
