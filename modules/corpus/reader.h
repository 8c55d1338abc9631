/* modules/corpus/reader.h - files become a Corpus.
**
** A regular JSONL file is mapped. All else is first spooled to an unlinked file in spool_dir, in
** constant memory, and mapped from there: gzip, zstd, a pipe, a JSON array (one element a line),
** CSV and TSV (one JSON object a record; by the file's name, on standard input by its first line). Then blocks of about 1 MiB are read in parallel, and
** their rows joined in order: the result does not depend on the number of threads. */
#ifndef TAMIS_READER_H
#define TAMIS_READER_H

#include "core/buf.h"
#include "corpus/corpus.h"
#include "corpus/format.h"

typedef struct SourceSpec {
  const char *path;            /* "-" is standard input */
  const char *kind, *generator;   /* NULL: not given */
  int trusted;
  Format *format;              /* NULL: auto, the best of LoadOptions.formats */
  const SourceAttr *attr;      /* [nattr] */
  size_t nattr;
} SourceSpec;

typedef struct LoadOptions {
  const SourceSpec *source;    /* [nsources] in order */
  size_t nsources;
  Format *const *formats;      /* [nformats] in order of detection: the first wins a tie */
  size_t nformats;
  const char *id_path;         /* NULL: none */
  uint64_t max_line;           /* bytes; 0: 64 MiB */
  uint64_t limit;              /* first rows over all sources; 0: all */
  int allow_misfit;            /* load also where most rows misfit the format: they are rejected rows */
  int allow_damaged;           /* take the whole rows before a fault of gzip, zstd, array or CSV */
  const char *spool_dir;       /* NULL: $TMPDIR, else /tmp */
  Pool *pool;                  /* NULL: one thread */
} LoadOptions;

/* Everything is copied that is kept. NULL with err worded; with err->text "" if interrupted. */
Corpus *corpus_load(const LoadOptions *o, Error *err);

/* What was taken with allow_damaged although its end was not whole: one sentence, or NULL. */
const char *source_damage(const Source *s);

/* SHA-256 of each source's file, in parallel, into Source.sha256 (already there for a pipe).
** 0; -1 with err worded; POOL_INTERRUPTED. */
int corpus_hash_sources(Corpus *c, Pool *pool, Error *err);
/* Have size, time of change and inode of every source stayed as they were when it was loaded?
** 0; -1 with err naming the file that changed. */
int corpus_check_sources(const Corpus *c, Error *err);

/* The path of the source whose map holds that address, of any corpus open or being loaded; NULL
** if none. For a handler of SIGBUS (a file that shrank): async-signal-safe. */
const char *source_path_at(const void *address);

/* ---- a first look at a file ---- */

typedef struct SniffKey {
  char *name;                  /* a member of the row, or of an object in it: metadata.queue */
  uint8_t kind;                /* JsonKind; JSON_TRUE: boolean; JSON_NONE: mixed */
  double share;                /* of the rows looked at: 0 to 1 */
  char *example;               /* of the first row that has it: text, cut to some 80 bytes */
} SniffKey;

typedef struct Sniff {
  size_t rows;                 /* objects looked at, at most 100 */
  size_t nkeys;
  SniffKey *key;               /* [nkeys] in order of first sight */
  const char *format;          /* name, owned by the Format; NULL: none fits */
  char *reason;                /* why, and what separates the cells; NULL if none fits */
  size_t lines;                /* looked at, or records of a table; blank ones apart */
  size_t not_utf8, malformed;  /* of them */
} Sniff;

/* Looks at the first rows of a file; of LoadOptions it reads formats, max_line, spool_dir.
** 0; -1 with err worded. */
int corpus_sniff(const char *path, const LoadOptions *o, Sniff *out, Error *err);
void sniff_free(Sniff *s);

#endif
