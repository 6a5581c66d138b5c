/* SPDX-License-Identifier: MIT */
/* client import: a client list of another program. What the file means is in ctl-import-map.c, what
 * is done with it in ctl-import.c. */
#ifndef TOOLS_CTL_IMPORT_H
#define TOOLS_CTL_IMPORT_H

#include "ctl-client.h"
#include "ctl-csv.h"

#define IMPORT_SOURCES_MAX 8 /* columns that are put together to one value */

/* A parameter of client.add and the columns that it is in. */
struct import_field {
	const struct db_param *param;
	size_t column[IMPORT_SOURCES_MAX];
	size_t n_columns;
};

struct import {
	struct ctl *ctl;
	const char *path, *date_format;
	enum csv_encoding encoding;
	char delimiter;
	bool dry_run, update;
	char *text; /* the file */
	size_t len;
	char token[65]; /* of this file's content: names its requests */
	struct csv csv;
	json_t *header;	      /* names of the columns, decoded */
	size_t reason_column; /* of a file that an import wrote; SIZE_MAX none */
	struct import_field field[DB_PARAMS_MAX];
	size_t n_fields;
	json_t *known; /* {number in small letters: id}, those of this file too; of a trial the line
			  they are in, negative */
	json_t *seen;  /* {number in small letters: values} of this file */
	struct buf rejected; /* the lines, with the header first, in UTF-8 */
	char *rejected_path; /* where they are, NULL nowhere */
	json_t *problems;    /* [{line, reason}] */
	json_t *warnings;    /* [{line, code, client, says, do}] of lines that were imported all the same */
	json_t *persons;     /* {name and birth date: line} of a trial, whose lines the daemon does not keep */
	size_t added, same, changed, n_rejected;
};

#define IMPORT_REASON_COLUMN "rejected because"

/* Reads options, the file, its header and the map. status; import_done() in any case. */
int import_open(struct import *im, struct ctl *ctl);
void import_done(struct import *im);
/*
 * The values of the record that was read, {param: text}, without those that are empty. NULL with
 * @problem when it cannot be; caller frees with json_decref().
 */
json_t *import_values(struct import *im, struct buf *problem);

#endif
