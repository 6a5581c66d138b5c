/* SPDX-License-Identifier: MIT */
/*
 * What people want of a declared method otherwise than its declaration alone makes it: one line a
 * method at most, where two verbs do not ask the same. A method without a line has a verb all the
 * same.
 */
#include "ctl.h"

/* clang-format off */
#define OF_SESSION "session #{session}[ of {client_number}][ {client_name}]"
#define SESSION	   "Session #{session}[ of {client_number}][ {client_name}]"

const struct ctl_line ctl_lines[] = {
	/* ---- people ---- */
	{.method = "client.add",
	 .args = "number name",
	 .done = "Client #{client} {number}[ {name}] added",
	 .example = "stipplectl client add 1001 'Anna Example' --birth-date 1990-05-17"},
	{.method = "client.change",
	 .args = "client",
	 .done = "Client #{client} {number}[ {name}] changed"},
	{.method = "client.check_age",
	 .args = "client",
	 .done = "Age of client {number}[ {name}] checked[ by {age_checked_by}]"},
	{.method = "client.hold",
	 .args = "client",
	 .done = "Client {number}[ {name}] is under legal hold"},
	{.method = "client.release",
	 .args = "client",
	 .done = "Client {number}[ {name}] is under legal hold no longer"},
	{.method = "client.erase",
	 .args = "client",
	 .confirm = "This cannot be taken back.",
	 .done = "Client #{client} erased: {values:value} of {entries:entry} gone, what was done in "
		 "{sessions:session} stays"},
	{.method = "client.list",
	 .columns = "id number name birth_date age_checked sessions last_session hold"},
	{.method = "client.list",
	 .verb = "client find",
	 .args = "find",
	 .columns = "id number name birth_date age_checked sessions last_session hold",
	 .example = "stipplectl client find exam"},
	{.method = "client.get"},
	{.method = "client.get",
	 .verb = "report client",
	 .run = ctl_report_client,
	 .options = CTL_OPTION(OPT_HTML),
	 .args = "client",
	 .example = "stipplectl report client 1001 --html=1001.html"},
	{.method = "client.export",
	 .run = ctl_export,
	 .args = "client",
	 .example = "stipplectl client export 1001 >1001.json"},
	{.method = "practitioner.add",
	 .args = "name",
	 .done = "Practitioner #{practitioner} {name} added"},
	{.method = "practitioner.change",
	 .args = "practitioner",
	 .done = "Practitioner #{practitioner} {name} changed"},
	{.method = "practitioner.list",
	 .columns = "id name licence licence_until qualification user_name active"},
	{.method = "pen.service",
	 .args = "pen service_h",
	 .done = "Service of pen {=pen} set[: after {service_h} h of its motor]",
	 .example = "stipplectl pen service SIM-1 300"},
	{.method = "warning.list", .columns = "session pens severity since says"},
	{.method = "place.add", .args = "name kind", .done = "Place #{place} {name} added"},
	{.method = "place.change", .args = "place", .done = "Place #{place} {name} changed"},
	{.method = "place.list", .columns = "id name kind active"},
	{.method = "condition.add", .args = "client kind code"},
	{.method = "condition.list", .args = "client"},

	/* ---- courses and sessions ---- */
	{.method = "course.add",
	 .args = "client goal",
	 .done = "Course {ordinal} of {client_number}[ {client_name}] added as #{course}, for "
		 "{goal}"},
	{.method = "course.change",
	 .args = "course",
	 .done = "Course {ordinal} of {client_number}[ {client_name}] changed"},
	{.method = "course.complete",
	 .args = "course",
	 .done = "Course {ordinal} of {client_number}[ {client_name}] completed"},
	{.method = "course.abandon",
	 .args = "course",
	 .done = "Course {ordinal} of {client_number}[ {client_name}] given up"},
	{.method = "course.reopen",
	 .args = "course",
	 .done = "Course {ordinal} of {client_number}[ {client_name}] taken up again"},
	{.method = "course.list",
	 .args = "client",
	 .columns = "id client_number=number client_name=name ordinal goal "
		    "practitioner_name=practitioner sessions last_session state"},
	{.method = "session.start",
	 .args = "client pen",
	 .audited = true,
	 .done = SESSION " began {start}[, {kind}][ {ordinal}][, with pen {pen}][ (backdated to "
			 "{pen_from}: the pen was already "
			 "working{backdated})]",
	 .example = "stipplectl session start 1001 SIM-1 --practitioner jo"},
	{.method = "session.end",
	 .args = "session",
	 .done = SESSION " ended {end}, with {runs:run} of {cycles:cycle}"},
	{.method = "session.reopen",
	 .args = "session",
	 .done = SESSION " goes on, with {runs:run} so far; it had ended {ended}",
	 .example = "stipplectl session reopen 1001 --reason 'ended the wrong one'"},
	{.method = "session.add",
	 .args = "client",
	 .done = SESSION " added, {start} to {end}, with {runs:run} of {cycles:cycle}",
	 .example = "stipplectl session add 1001 --start 'yesterday 14:00' --end 'yesterday 16:30' "
		    "--pens SIM-1"},
	{.method = "session.change",
	 .args = "session",
	 .done = SESSION " changed[; {moved:record} of it went along]"},
	{.method = "session.change",
	 .verb = "session amend",
	 .args = "session",
	 .fixed = "amend",
	 .reason = true,
	 .done = SESSION " amended[; {moved:record} of it went along]",
	 .example = "stipplectl session amend 1001 --note 'the lot was misread' --reason 'looked "
		    "at the box again'"},
	{.method = "session.pause",
	 .args = "session",
	 .done = SESSION " rests since {start}[ until {end}]"},
	{.method = "session.resume", .args = "session", .done = SESSION " goes on since {end}"},
	{.method = "session.pen",
	 .args = "session pen",
	 .audited = true,
	 .done = SESSION "[ has pen {=pen} since {pen_from}][ (backdated: it was already "
			 "working{backdated})][; pen {=release} is free "
			 "again since {pen_to}]"},
	{.method = "session.zone",
	 .args = "session zone",
	 .done = "Zone {=zone} since {start}[ until {end}], in " OF_SESSION},
	{.method = "session.step",
	 .args = "session kind",
	 .done = "Step {=kind} at {at}, in " OF_SESSION},
	{.method = "session.sign",
	 .args = "session",
	 .done = SESSION " signed {signed}[ by {signed_by_name}]"},
	{.method = "session.void",
	 .args = "session",
	 .done = "Session #{session} taken back; {runs:run} belong to nobody again"},
	{.method = "session.missing", .args = "session"},
	{.method = "session.list",
	 .args = "client",
	 .columns = "id start client_number=number client_name=name kind state "
		    "practitioner_name=practitioner pens end runs cycles on_time_s=on_s "
		    "ordinal"},
	{.method = "day.get", .verb = "today", .run = ctl_today},
	{.method = "checkpoint.get", .hidden = true}, /* ctl-checkpoint.c */
	{.method = "checkpoint.list", .hidden = true}, /* ctl-bundle-export.c */
	{.method = "entry.proof", .hidden = true},
	{.method = "entry.personal", .hidden = true},

	/* ---- the audit ---- */
	{.method = "audit.list",
	 .verb = "audit",
	 .run = ctl_audit,
	 .example = "stipplectl audit --since 2026-11-01 --severity error\n"
		    "stipplectl audit --client 1001 --json | jq -r .finding\n"
		    "Exit status: 3 warn, 4 error, 5 critical, of the worst that nobody acknowledged; else 0."},
	{.method = "audit.rules", .columns = "rule severity thresholds source scope online enabled"},
	{.method = "audit.explain", .args = "rule", .run = ctl_audit_explain},
	{.method = "audit.acknowledge",
	 .args = "finding",
	 .run = ctl_audit_acknowledge,
	 .done = "Acknowledged: {finding}",
	 .example = "stipplectl audit acknowledge session-long/session=12 --reason 'two breaks, not entered'"},
	{.method = "profile.load",
	 .args = "text",
	 .run = ctl_profile_load,
	 .done = "Profile {name} loaded: {values:value}",
	 .example = "stipplectl profile load /etc/stipple/profiles/site.conf\nstipplectl profile load derby"},
	{.method = "profile.use",
	 .args = "profile from",
	 .run = ctl_profile_use,
	 .done = "Profile {name} judges[ from {from} on]",
	 .example = "stipplectl profile use oregon-331-915\nstipplectl profile use site --from 2026-07-01"},
	{.method = "profile.get",
	 .args = "profile",
	 .run = ctl_profile_show,
	 .example = "stipplectl profile show derby >mine.conf"},
	{.method = "profile.list", .columns = "name in_use from include values loaded doc"},

	/* ---- machine time ---- */
	{.method = "run.list",
	 .args = "client",
	 .columns = "id pen start on_time_s=on_s cycles lost_cycles=lost freq_mean_hz=Hz "
		    "freq_sd_hz=sd_Hz depth_mean_um=depth_um "
		    "depth_sd_um=sd_um state completeness=record quality=time session attribution",
	 .example = "stipplectl run list --since yesterday --until yesterday\nstipplectl runs "
		    "--attribution unattributed\n"
		    "stipplectl runs --pen DEMO-1 --since -2h --csv"},
	{.method = "run.get", .hidden = true}, /* `run show` has histograms and cycles, too */
	{.method = "run.link",
	 .args = "session runs",
	 .done = "Linked {linked:run} of {cycles:cycle} to " OF_SESSION,
	 .example = "stipplectl run link 1001 12,13 --reason 'the session was started late'\n"
		    "stipplectl run link 1001 --pen SIM-1 --since 9:00 --until 10:00 --reason "
		    "'forgot to start it'"},
	{.method = "run.unlink", .args = "runs", .done = "Unlinked {unlinked:run}: nobody's now"},
	{.method = "run.dismiss",
	 .args = "runs",
	 .done = "Dismissed {dismissed:run} of {cycles:cycle} as {=kind}",
	 .example = "stipplectl run dismiss --pen SIM-1 --since today --kind training --reason 'on "
		    "practice skin'"},

	/* ---- consumables ---- */
	{.method = "product.add",
	 .args = "category name",
	 .done = "Product #{product} {name} added"},
	{.method = "product.change",
	 .args = "product",
	 .done = "Product #{product} {name} changed"},
	{.method = "product.list", .columns = "id category name brand colour needle active"},
	{.method = "product.list",
	 .verb = "product find",
	 .args = "find",
	 .columns = "id category name brand colour needle active"},
	{.method = "code.add",
	 .args = "code product",
	 .done = "Code {=code} means {name} from now on"},
	{.method = "code.forget", .args = "code product", .done = "Code {=code} is forgotten"},
	{.method = "lot.add",
	 .args = "number",
	 .done = "Lot {number} of {product_name} added as #{lot}[, good to {expiry}]",
	 .example = "stipplectl lot add AB12 --category cartridge --name 'Invented needles' "
		    "--needle 0603RL --expiry 2028-11"},
	{.method = "lot.change", .args = "lot", .done = "Lot {number} of {product_name} changed"},
	{.method = "lot.use",
	 .args = "lot session",
	 .done = "{product_name}[, lot {lot_number}][, serial number {=serial}] used[ in session "
		 "#{session}][; {remaining} left]"},
	{.method = "lot.recall",
	 .args = "lot",
	 .done = "Lot {number} of {product_name} recalled: {uses:use}, on {clients:client}"},
	{.method = "lot.recall",
	 .verb = "recall",
	 .args = "lot",
	 .run = ctl_recall,
	 .done = "Lot {number} of {product_name} recalled: {uses:use}, on {clients:client}",
	 .example = "stipplectl recall AB12 --reason 'letter of the maker of 20 November'"},
	{.method = "lot.clients",
	 .args = "lot",
	 .columns = "at client_number=number client_name=name contact session through pen serial "
		    "treated"},
	{.method = "lot.quarantine",
	 .args = "lot",
	 .done = "Lot {number} of {product_name} put aside: {uses:use}, on {clients:client}"},
	{.method = "lot.release", .args = "lot", .done = "Lot {number} of {product_name} released"},
	{.method = "lot.list",
	 .columns = "id product_name=product number expiry expired status quantity used remaining"},
	{.method = "use.list",
	 .args = "client",
	 .columns = "id at session client_number=number client_name=name product_name=product "
		    "lot_number=lot serial quantity source"},

	/* ---- hygiene, consent, reactions ---- */
	{.method = "hygiene.add",
	 .args = "kind pen",
	 .done = "Hygiene #{hygiene}: {=kind}[, pen {=pen}][, place {=place}][, {=result}] "
		 "recorded",
	 .example = "stipplectl hygiene add disinfected SIM-1 --product alcohol\nstipplectl "
		    "hygiene add spore_test --place autoclave "
		    "--result passed"},
	{.method = "hygiene.list",
	 .args = "client",
	 .columns = "id at kind pen place_name=place session practitioner_name=practitioner "
		    "product_name=product "
		    "lot_number=lot concentration result"},
	{.method = "consent.add",
	 .args = "client",
	 .done = "Consent #{consent} of {number}[ {name}] recorded"},
	{.method = "consent.list",
	 .args = "client",
	 .columns = "id at client_number=number client_name=name form form_version=version risks "
		    "course session practitioner_name=practitioner "
		    "withdrawn"},
	{.method = "aftercare.add",
	 .args = "client form",
	 .done = "Aftercare, {=form}, of {number}[ {name}] recorded"},
	{.method = "aftercare.list",
	 .args = "client",
	 .columns = "id at client_number=number client_name=name form form_version=version session "
		    "practitioner_name=practitioner"},
	{.method = "patch_test.add",
	 .args = "client lot",
	 .done = "Patch test #{patch_test} of {number}[ {name}] recorded"},
	{.method = "patch_test.read",
	 .args = "patch_test result",
	 .done = "Patch test #{patch_test} read after {hours} h: {=result}"},
	{.method = "patch_test.list",
	 .args = "client",
	 .columns = "id at client_number=number client_name=name product_name=product "
		    "lot_number=lot read result "
		    "practitioner_name=practitioner"},
	{.method = "reaction.add",
	 .args = "client kind severity",
	 .done = "Reaction #{reaction} of {client_number}[ {client_name}] recorded: {kind}, "
		 "{severity}"},
	{.method = "reaction.list",
	 .args = "client",
	 .columns = "id at client_number=number client_name=name kind cause severity session "
		    "reported followed_up closed"},

	/* ---- stories, what is due, how much it was ---- */
	{.method = "trace.client",
	 .args = "client",
	 .columns = "at what who session pen detail",
	 .example = "stipplectl trace client 1001"},
	{.method = "trace.pen",
	 .args = "pen",
	 .columns = "at what session client_number=client client_name=name detail",
	 .example = "stipplectl trace pen SIM-1 --since '2026-11-01'"},
	{.method = "trace.lot",
	 .args = "lot",
	 .columns = "at what session client_number=client client_name=name pen detail"},
	{.method = "trace.cartridge",
	 .args = "cartridge",
	 .columns = "at what session client_number=client client_name=name pen detail"},
	{.method = "trace.practitioner",
	 .args = "practitioner",
	 .columns = "at what session client_number=client client_name=name pen detail"},
	{.method = "due.list",
	 .verb = "due",
	 .columns = "due latest what client_number=client client_name=name contact detail",
	 .example = "stipplectl due --until 2026-12-31"},
	{.method = "usage.list",
	 .verb = "usage",
	 .columns = "of sessions chair_h machine_h share runs cycles unattributed_h=nobody_h "
		    "unattributed_share=nobody_share",
	 .example = "stipplectl usage --by month\n"
		    "stipplectl usage --by practitioner --since 2026-01-01"},

	/* ---- inspectors' forms ---- */
	{.method = "report.session",
	 .run = ctl_report_session,
	 .options = CTL_OPTION(OPT_HTML),
	 .args = "session",
	 .example = "stipplectl report session 1001 | less\n"
		    "stipplectl report session '#12' --html=session-12.html"},

	{.method = "report.sessions", .hidden = true},

	/* ---- what was ---- */
	{.method = "history.list",
	 .verb = "history",
	 .args = "noun record",
	 .columns = "entry at actor action changes reason on_behalf_of amended changed",
	 .run = ctl_history,
	 .options = CTL_OPTION(OPT_AT),
	 .example =
		 "stipplectl history client 1001\nstipplectl history session '#12' --at yesterday"},
	{.method = "history.get", .hidden = true},
	{},
};
/* clang-format on */
