/* modules/neardup/index.h - neardup.idx: the texts that a run kept, for the runs that come after it.
**
** A later run's rows are held against these texts by the exact Jaccard, so the texts themselves are
** here, folded (text/fold.h) and compressed; sketches are not: they are drawn again in less time
** than it takes to read them, and so an index serves any threshold, shingle or number of bands.
**
**   0   "TAMISIDX", version u32, fold u32     all numbers little-endian
**   16  block 0 | block 1 | …                 zstd frames: the texts of INDEX_ROWS rows each
**       tables                                one zstd frame:
**         dataset, run, sources               strings: length u32, bytes; the sources counted by a u32
**         blocks   [blocks] packed u64, raw u64, XXH3-64 of the packed bytes u64
**         length   [rows] u32                 bytes of the row's text
**         line     [rows] u32
**         source   [rows] u16
**         present  [rows] u8                  bit f: the row has Field f
**       footer                                tables at u64, packed u64, raw u64, their XXH3-64 u64,
**                                             rows u64, bytes of text u64, fields u32, turns u32,
**                                             XXH3-64 of the first 16 bytes and of all footer before it
**
** turns: TurnsWhich in the lower 4 bits, the tail above them. A row's text is its present fields, in
** the order of Field, U+001F between them (which no folded text holds). Everything is checked when
** an index is opened; nothing of it is trusted before. */
#ifndef TAMIS_INDEX_H
#define TAMIS_INDEX_H

#include "core/file.h"
#include "neardup/texts.h"

enum {
  INDEX_VERSION = 1,
  INDEX_FOLD = 1,        /* raised when text/fold.c folds anything otherwise */
  INDEX_ROWS = 256       /* rows a block */
};

typedef struct IndexPlace { uint32_t source, line; } IndexPlace;

typedef struct Index {
  char *dataset, *run;      /* who left it; owned */
  unsigned fields;          /* set of Field */
  Turns turns;              /* of a chat, that are its input */
  size_t n;                 /* rows */
  size_t nsources;
  char **source;            /* [nsources] paths, owned */
  char *text;               /* [start[n]] folded */
  uint64_t *start;          /* [n + 1] */
  IndexPlace *place;        /* [n] */
  uint8_t *present;         /* [n] sets of Field */
} Index;

/* Whose rows an index is of, and what of them. */
typedef struct IndexSpec { Span dataset, run; unsigned fields; Turns turns; } IndexSpec;

/* Writes the standing rows of the view, with its edits. 0 with *sum; -1 with err worded;
** POOL_INTERRUPTED. Nothing is left of the file unless 0. */
int index_write(const View *v, const IndexSpec *spec, const char *path, unsigned mode, Pool *pool,
                FileSum *sum, Error *err);
/* The same in memory. Places are those of the view's rows. 0, else as index_write with *x empty. */
int index_of_view(Index *x, const View *v, const IndexSpec *spec, Pool *pool, Error *err);
/* Gives the rows other places: place[n], paths[npaths]. 0, or -1 with err worded. */
int index_set_places(Index *x, const IndexPlace *place, const Span *paths, size_t npaths, Error *err);

/* Reads a file, which may go then. 0; -1 with err worded: the path, what is wrong with it and what
** to do; POOL_INTERRUPTED. *x is empty unless 0. With `tables_only` the texts are left out. */
int index_open(Index *x, const char *path, int tables_only, Pool *pool, Error *err);
/* The same from bytes; `name` is for messages. */
int index_read(Index *x, Span bytes, const char *name, int tables_only, Pool *pool, Error *err);
void index_free(Index *x);      /* frees and empties; an empty one is left alone */

/* The texts of several indexes, one after another, as this run compares texts: of the fields in the
** set, which all of them hold. Text i is row i - first[k] of index k. */
typedef struct IndexTexts {
  TextSource source;
  const Index *const *index;   /* [n] must outlive it */
  size_t n;
  const size_t *first;         /* [n + 1] */
  unsigned fields;
  const Template *cut;         /* what is left out of the fields; NULL: nothing. Set by the caller */
} IndexTexts;
IndexTexts index_texts(const Index *const *index, size_t n, const size_t *first, unsigned fields,
                       GramUnit unit);
/* Which index text i is of. */
size_t index_of_text(const IndexTexts *t, size_t i);

#endif
