/* SPDX-License-Identifier: MIT */
#include "ctl-client.h"

int ctl_today(struct ctl *ctl)
{
	return ctl_print_object(ctl);
}
