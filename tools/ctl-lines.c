/* SPDX-License-Identifier: MIT */
/*
 * What people want of a declared method otherwise than its declaration alone
 * makes it: one line a method at most, where the same is not asked by two
 * verbs. A method without a line has a verb all the same.
 */
#include "ctl.h"

const struct ctl_line ctl_lines[] = {
	{.method = "run.list",
	 .columns = "id pen start on_time_s=on_s cycles lost_cycles=lost "
		    "freq_mean_hz=Hz freq_sd_hz=sd_Hz depth_mean_um=depth_um "
		    "depth_sd_um=sd_um state completeness=record quality=time",
	 .example = "stipplectl run list --since yesterday --until "
		    "yesterday\nstipplectl runs --pen DEMO-1 --since -2h --csv"},
	{.method = "run.get", .hidden = true}, /* `run show` has histograms and cycles, too */
	{},
};
