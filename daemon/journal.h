/* SPDX-License-Identifier: MIT */
/* Log messages as journal entries with fields, when stderr is the journal. */
#ifndef JOURNAL_H
#define JOURNAL_H

/* Installs the sink of base/log.h if this process's stderr is connected to the journal; otherwise
 * does nothing. */
void journal_use(void);

#endif
