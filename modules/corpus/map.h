/* modules/corpus/map.h - a file's bytes, mapped for reading, with 64 readable bytes past the end.
** Every map is entered in one list of the process, so that a handler of SIGBUS can tell which
** file shrank under us. */
#ifndef TAMIS_MAP_H
#define TAMIS_MAP_H

#include "core/error.h"
#include "core/span.h"

typedef struct FileMap {
  const char *ptr;     /* [len]; NULL: nothing mapped */
  size_t len;
  size_t reserved;     /* address space taken at ptr */
  int slot;            /* place in the list, plus one; 0: the list was full */
} FileMap;

/* Maps the first len bytes of fd, which may then be closed; an empty map is fine. path is named by
** errors and kept in the list: it outlives the map. 0; -1 with err worded and *m empty. */
int map_open(FileMap *m, int fd, size_t len, const char *path, Error *err);
void map_sequential(const FileMap *m, int on);   /* a hint: read once from front to back */
void map_close(FileMap *m);                      /* an empty one is left alone */

/* The path of the map that holds address; NULL if none. Async-signal-safe. */
const char *map_path_at(const void *address);

#endif
