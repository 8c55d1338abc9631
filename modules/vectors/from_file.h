/* modules/vectors/from_file.h - vectors that somebody else made: from files of arrays to the rows they belong to. */
#ifndef TAMIS_FROM_FILE_H
#define TAMIS_FROM_FILE_H

#include "core/pool.h"
#include "vectors/array_file.h"
#include "vectors/ids.h"
#include "vectors/vectors.h"

typedef struct FromFile {
  const ArrayFile *const *file;   /* [nfiles] of one dim; one for all sources, or one a source in their order */
  size_t nfiles;
  const Ids *ids;                 /* of the one file's rows; NULL: row i of the array is that of row i of the corpus, */
  Span id;                        /* of several, of row i of its source. id: the path where a row has its id */
  VectorKind kind;
  const char *name;
  uint32_t unmatched;             /* out: ids that belong to no row of the corpus */
} FromFile;

/* Vectors of the rows of vectors_rows. Without ids the files have as many rows as the corpus or more (where it was read
** with a limit). 0; -1 with err worded (err->text "" when interrupted). */
int vectors_from_file(const View *view, FromFile *from, Pool *pool, Vectors **out, Error *err);

#endif
