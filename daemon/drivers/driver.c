/* SPDX-License-Identifier: MIT */
#include "drivers/driver.h"

/* A family is one line here: its file ends in `const struct driver driver_<family>`. */
#define FAMILIES(family) family(penwire) family(tma)

#define DECLARE(name) extern const struct driver driver_##name;
#define ENTRY(name)   &driver_##name,

FAMILIES(DECLARE)

const struct driver *const driver_list[] = {FAMILIES(ENTRY) NULL};

const struct driver *driver_find(const char *name)
{
	for (size_t i = 0; driver_list[i]; i++)
		if (streq(driver_list[i]->name, name))
			return driver_list[i];
	return NULL;
}

bool driver_serial_valid(const char *text)
{
	uint8_t field[PW_TEXT_SIZE];
	char same[PW_TEXT_SIZE + 1];

	pw_text_put(field, text);
	pw_text_get(field, same); /* shorter if it was cut, with ? for what is not allowed */
	return streq(same, text) && text[strspn(text, " ")];
}

const char *driver_anomaly_name(enum driver_anomaly a)
{
	static const char *const names[] = {
		[ANOMALY_NOISE] = "noise",
		[ANOMALY_LOST_FRAMES] = "lost-frames",
		[ANOMALY_UNKNOWN_TYPE] = "unknown-type",
		[ANOMALY_BAD_MESSAGE] = "bad-message",
		[ANOMALY_GAP] = "gap",
		[ANOMALY_DUPLICATE] = "duplicate",
		[ANOMALY_REFUSED] = "refused",
		[ANOMALY_SILENCE] = "silence",
		[ANOMALY_OVERRUN] = "overrun",
	};

	static_assert(ELEMENTSOF(names) == ANOMALY_MAX_, "an anomaly without a name");
	assert(a < ANOMALY_MAX_);
	return names[a];
}
