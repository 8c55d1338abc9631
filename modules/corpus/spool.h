/* modules/corpus/spool.h - bytes that are no mapped file go to an unlinked one first: what gzip
** and zstd unpack to, what a pipe gives, what an array or a table becomes. Constant memory. */
#ifndef TAMIS_SPOOL_H
#define TAMIS_SPOOL_H

#include "core/error.h"
#include "core/span.h"

typedef struct Spool {
  int fd;            /* -1: closed */
  const char *dir;   /* borrowed, for errors */
  char *buf;         /* owned */
  size_t used;
  uint64_t len;      /* bytes written so far, those in buf included */
} Spool;

/* dir NULL: $TMPDIR, else /tmp. 0; -1 with err worded and *s closed. */
int spool_open(Spool *s, const char *dir, Error *err);
int spool_write(Spool *s, const char *bytes, size_t len, Error *err);
int spool_flush(Spool *s, Error *err);
void spool_close(Spool *s);   /* a closed one is left alone */

typedef enum Packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD } Packing;
Packing packing_of(Span head);   /* by the first bytes */

/* What unpacking a stream came to. */
typedef struct Unpacked {
  uint64_t file_bytes;   /* read from fd */
  Packing packing;
  int cut;               /* stopped at max_bytes */
  int damaged;           /* the stream is not whole: damage says what and where */
  Error damage;
  char sha256[65];       /* hex, of the bytes read, if `hash` was asked for */
} Unpacked;

/* Reads fd to its end, unpacks what gzip (many members) or zstd (many frames) made, and writes it
** to s; anything else is copied. path is for errors. max_bytes 0: all. Damage is no failure here.
** 0; -1 with err worded; POOL_INTERRUPTED. */
int spool_unpack(Spool *s, int fd, const char *path, uint64_t max_bytes, int hash,
                 Unpacked *out, Error *err);

#endif
