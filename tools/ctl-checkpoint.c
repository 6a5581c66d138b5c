/* SPDX-License-Identifier: MIT */
/* checkpoint: the signed head, one line of JSON, to stdout or to a file. */
#include "ctl-client.h"
#include "ctl-file.h"

#include <stdio.h>

static int write_file(const char *path, const char *line)
{
	struct new_file file;
	int status = new_file_open(&file, path);

	if (status != 0)
		return status;
	status = new_file_add(&file, line, strlen(line));
	if (status == 0)
		status = new_file_add(&file, "\n", 1);
	if (status == 0)
		status = new_file_publish(&file);
	new_file_done(&file);
	return status;
}

int ctl_checkpoint(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	char *line = NULL;
	int status;

	status = ctl_call(ctl, "checkpoint.get", NULL, &answer);
	if (status == 0) {
		line = json_dumps(answer.result, JSON_COMPACT);
		if (!line)
			status = ctl_fail_memory();
	}
	if (status == 0 && ctl->n_args == 0)
		puts(line);
	else if (status == 0)
		status = write_file(ctl->args[0], line);
	if (status == 0 && ctl->n_args > 0 && ctl->format == FORMAT_TABLE)
		printf("The head of entry %lld is in %s. Keep it where whoever has the database "
		       "cannot change it.\n",
		       (long long)json_integer_value(json_object_get(answer.result, "seq")),
		       ctl->args[0]);
	free(line);
	ctl_answer_done(&answer);
	return status;
}
