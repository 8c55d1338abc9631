/* modules/core/file.h - files that are whole or not there: a writer of a long output that counts,
** hashes and checks every byte it hands to the disk.
**
** The bytes go to a temporary file beside the path, opened so that it can be nobody else's
** (O_EXCL, O_NOFOLLOW), and take the path's name only once they are on the disk. A failed write
** says which file, at which byte, and why; a limit on file size (SIGXFSZ ignored) and a full disk
** are words of their own. */
#ifndef TAMIS_FILE_H
#define TAMIS_FILE_H

#include <stdint.h>

#include "core/error.h"
#include "core/span.h"

typedef struct FileWriter FileWriter;

enum { FILE_SHA256_HEX = 65 };

typedef struct FileSum {
  uint64_t bytes, lines;             /* lines: line feeds written */
  char sha256[FILE_SHA256_HEX];      /* hex of all bytes */
  uint64_t *mark;                    /* [nmarks] where line (i + 1) * FILE_MARK + 1 begins, if marks were asked */
  size_t nmarks;                     /* for: malloc'ed, the caller's; else NULL */
} FileSum;

enum { FILE_MARK = 256 };            /* lines from one mark to the next */

/* Opens path's temporary. NULL with err worded. `mode` is the file's permissions, before umask. */
FileWriter *file_create(const char *path, unsigned mode, Error *err);
void file_set_marks(FileWriter *w);   /* before the first byte: note where lines begin */
/* 0; -1 with err worded, after which the writer only waits for file_abort. */
int file_write(FileWriter *w, const void *bytes, size_t len, Error *err);
/* Writes what is buffered, syncs, gives the file its name and syncs its folder. Frees w in any
** case; when it fails nothing of the file is left. sum may be NULL. 0 or -1 with err worded. */
int file_finish(FileWriter *w, FileSum *sum, Error *err);
/* Frees w and removes the temporary; NULL is left alone. */
void file_abort(FileWriter *w);

/* A running SHA-256 over the bytes of several files, one after another. The first file that is
** written with it costs nothing beside its own. */
typedef struct FileChain FileChain;
FileChain *file_chain_new(void);                        /* NULL if out of memory */
void file_chain_free(FileChain *c);
void file_set_chain(FileWriter *w, FileChain *c);       /* before the first byte; c outlives w */
int file_chain_hex(FileChain *c, char hex[FILE_SHA256_HEX]);   /* ends it; 0 or -1 */

/* fsync of a file or folder by path. 0 or -1 with err worded. */
int file_sync(const char *path, Error *err);

#endif
