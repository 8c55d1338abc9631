/* modules/core/spill.h - big arrays, in memory up to a budget and in unlinked files past it.
**
** Tables and columns that grow with the number of rows are made here. While all of them together
** stay within the budget they are anonymous memory; an array that would pass it is a mapping of
** an unlinked file instead, which the kernel may write back and drop. Which of the two an array
** is changes nothing but speed. The budget belongs to the process, as memory does; any thread may
** call. Small arrays (under 64 KiB) are always anonymous. */
#ifndef TAMIS_SPILL_H
#define TAMIS_SPILL_H

#include <stddef.h>

/* Sets the budget in bytes and the folder of the files (NULL: $TMPDIR, else /tmp). To be called
** while no other thread allocates. 0, or -1 if the folder's name is too long. */
int spill_configure(size_t budget, const char *dir);
/* 0.7 of the memory of the machine, or of the container (cgroup) where that has less. */
size_t spill_default_budget(void);

void *spill_alloc(size_t bytes);               /* uninitialised, 16-byte aligned; NULL if out of memory or disk */
void *spill_resize(void *p, size_t bytes);     /* as realloc: NULL leaves p alone; p may be NULL */
void spill_free(void *p);                      /* NULL is left alone */

size_t spill_in_memory(void);   /* bytes now held as anonymous memory, and in files */
size_t spill_in_files(void);

#endif
