/* SPDX-License-Identifier: MIT */
/*
 * Which program has the cases of which rule. Every rule has at least one that fires, one for each
 * of its thresholds (or, where it has none, one altogether) that just does not, and one of
 * something that was not recorded. test_audit_files holds these lists against the rules there are,
 * and the last test of each program holds its list against the cases that it went through.
 */
#ifndef AUDIT_CASES_H
#define AUDIT_CASES_H

#define AUDIT_RULES_MAX 64

/* test_audit_rules */
static const char *const audit_rules_of_people[] = {
	"age",
	"aftercare-missing",
	"barrier-missing",
	"disinfect-gap",
	"expired-used",
	"expiry-soon",
	"ink-lot-missing",
	"licence-expired",
	"needle-lot-missing",
	"patch-test",
	"reaction-open",
	"recall-exposed",
	"session-long",
	"sessions-over",
	"spacing-long",
	"spacing-short",
	"spore-test",
	"topup-due",
};

/* test_audit_pens */
static const char *const audit_rules_of_pens[] = {
	"cartridge-reuse",    "depth-high",	 "depth-low",	       "depth-not-recorded",
	"depth-unverifiable", "frequency-range", "frequency-unstable", "service-due",
	"vibration-high",     "voltage-range",
};

/* test_audit_record */
static const char *const audit_rules_of_record[] = {
	"chain-broken",	  "clock-quality", "consent-late",  "counter-gap",
	"record-amended", "retention-due", "telemetry-gap", "unattributed-run",
};

#endif
