/* modules/vectors/npz.h - the arrays of a NumPy .npz file: a ZIP archive of NAME.npy files, stored or deflated, with
** the sizes of ZIP64 where they pass 32 bits. After PKWARE's APPNOTE 6.3: the central directory at the end tells the
** members; what local headers say of sizes is not asked. */
#ifndef TAMIS_NPZ_H
#define TAMIS_NPZ_H

#include "core/error.h"
#include "core/span.h"

typedef struct NpzMember {
  Span name;               /* without ".npy"; points into the file */
  uint16_t method;         /* 0 stored, 8 deflated */
  uint32_t crc;
  Span packed;             /* its bytes in the file */
  uint64_t size;           /* unpacked */
} NpzMember;

typedef struct Npz {
  NpzMember *member;       /* [n] owned; only those named .npy, in the directory's order */
  size_t n, cap;
  size_t others;           /* members that are no arrays */
} Npz;

int npz_is(Span file);     /* does it begin as a ZIP archive? */
/* Reads the directory of a file, which must outlive *z. 0; -1 with err worded and *z empty. */
int npz_read(Npz *z, Span file, Error *err);
void npz_free(Npz *z);     /* an empty one is left alone */

/* The first bytes of a member, at most cap of them, into room or from the file. 0; -1 with err worded. */
int npz_head(const NpzMember *m, char *room, size_t cap, Span *head, Error *err);
/* All of its bytes, and their checksum held against the directory's: in the file where they are stored, else in *owned
** (spill_alloc), which the caller frees. 0; -1 with err worded; POOL_INTERRUPTED. */
int npz_unpack(const NpzMember *m, Span *bytes, char **owned, Error *err);

#endif
