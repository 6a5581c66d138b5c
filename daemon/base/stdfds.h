/* SPDX-License-Identifier: MIT */
#ifndef BASE_STDFDS_H
#define BASE_STDFDS_H

/*
 * To be called first in main(): whoever started us may have closed stdin, stdout or stderr. Without
 * this, the next file opened gets that number, and what is printed goes into it: a database, a
 * lock, a socket. Reading and writing them fails with EBADF instead, as it would have. Never fails:
 * where not even /dev/null opens, there is nothing left to be done, and it aborts.
 */
void stdfds_guard(void);

#endif
