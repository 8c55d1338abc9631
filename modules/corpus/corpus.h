/* modules/corpus/corpus.h - all rows of a run, in native memory. They never change.
**
**   source bytes (mapped)        ..{"input":"How do I…","output":"Click \"Save\""}\n{…
**   RowRec  [rows]    24 bytes   where the line lies, whose it is, its first StringRef
**   StringRef [strings] 12 bytes  where in the line each string of the format lies
**
** Text is not copied: a row keeps the places of its strings, and whoever asks for a field gets
** a span into the map where one plain string carries it, or else the decoded text in his own
** Scratch (row.h). So anonymous memory is the tables above and nothing a character.
** Sources that are no mapped JSONL (gzip, zstd, a pipe, a JSON array, CSV) are spooled to an
** unlinked file first and mapped from there. */
#ifndef TAMIS_CORPUS_H
#define TAMIS_CORPUS_H

#include <stdatomic.h>

#include "core/error.h"
#include "core/pool.h"
#include "core/span.h"

/* A row's texts, as stages read them: ordered lists of strings, joined by line feeds. */
typedef enum Field {
  FIELD_SYSTEM, FIELD_INPUT, FIELD_OUTPUT, FIELD_ALTERNATIVE,
  FIELD_ASSISTANT,            /* all assistant turns, the output's among them */
  FIELD_COUNT,
  FIELD_NONE = FIELD_COUNT    /* a string outside the format: role "other" */
} Field;

const char *field_name(Field f);        /* "system", "input", …; "other" for FIELD_NONE */
Field field_by_name(Span name);         /* FIELD_NONE if it is no field's name */

enum {
  STRING_ESCAPED   = 1,   /* holds a backslash: must be decoded */
  STRING_ASSISTANT = 2,   /* part of an assistant turn */
  STRING_ASCII     = 4,   /* all bytes below 0x80 and no escape */
  STRING_TURN      = 8,   /* of a turn of a conversation, */
  STRING_USER      = 16   /* and that a user's */
};

/* One string of the format inside a row: the bytes between its quotes. */
typedef struct StringRef {
  uint32_t start;       /* bytes from the row's first byte to the one behind the opening quote */
  uint32_t len : 31;    /* raw bytes up to the closing quote: below 2^31, as long as any line may be */
  uint32_t escaped : 1; /* = STRING_ESCAPED */
  uint16_t turn;        /* which turn or entry of the format it belongs to, from 0 */
  uint8_t field;        /* Field, never FIELD_ASSISTANT */
  uint8_t flags;        /* STRING_… */
} StringRef;

/* How a line was read. */
typedef enum RowState {
  ROW_OK, ROW_MALFORMED, ROW_NOT_UTF8, ROW_NOT_AN_OBJECT, ROW_MISSING_FIELD, ROW_FIELD_TYPE,
  ROW_DUPLICATE_KEY, ROW_LONE_SURROGATE, ROW_TOO_DEEP, ROW_TOO_LONG, ROW_STATE_COUNT
} RowState;

const char *row_state_reason(RowState s);   /* "malformed", …; "" for ROW_OK */

typedef struct RowRec {
  uint64_t offset;        /* of the first byte in its source's bytes */
  uint32_t len;           /* bytes, without BOM, CR and LF */
  uint32_t line;          /* in its source, from 1; for an element of an array its number; for CSV the line it starts on */
  uint32_t first_string;  /* in Corpus.strings; rows are laid one after another */
  uint16_t nstrings;      /* strings of the format; a row with more than 65,535 is ROW_TOO_LONG */
  uint16_t source;        /* in Corpus.sources */
} RowRec;

/* What a rejected line had wrong, for the few rows that are not ROW_OK. */
typedef struct RowFault {
  uint32_t row;
  uint32_t offset;        /* byte in the row where the fault was seen */
  uint8_t state;          /* RowState */
  uint32_t name;          /* in Corpus.names: the field or key at fault; of a malformed record of a
                          ** table what is wrong with it; 0 if none */
} RowFault;

typedef struct SourceAttr { char *name, *value; } SourceAttr;

typedef struct Source {
  char *path;             /* as the user gave it (a glob's expansion); "-" is standard input */
  char *kind;             /* attributes; NULL if not given */
  char *generator;
  int trusted;
  SourceAttr *attr;       /* [nattr] the user's own attributes */
  size_t nattr;
  char *format;           /* the format's name */
  char *format_reason;    /* why `auto` chose it, one clause, and what separates the cells of a table where
                          ** its name does not tell; NULL when there is nothing to say */
  struct Format *fmt;     /* how to read a row again (strings, roles); owned */
  const char *bytes;      /* [len] what rows point into; NUL-safe readable 64 bytes past the end */
  uint64_t len;
  uint64_t file_bytes;    /* size of the file as it lies on disk */
  uint64_t rows;          /* lines that became rows, rejected ones included */
  uint64_t blank;         /* blank lines skipped */
  char sha256[65];        /* hex, of the file's bytes; "" until corpus_hash_sources */
  int lossy_lines;        /* rows have no line of their own (JSON array) */
  struct SourceImpl *impl;   /* file, map and spool: source.h */
} Source;

/* 128-bit identity: XXH3-128 (canonical, big-endian halves) of the row's original bytes. */
typedef struct Hash128 { uint64_t hi, lo; } Hash128;

typedef struct Names Names;   /* interned strings, see names.h */

typedef struct Corpus {
  atomic_int refs;
  size_t nsources;
  Source *sources;        /* [nsources] in the order of the recipe, globs in byte order */
  uint32_t nrows;
  RowRec *rows;           /* [nrows] in order of source and line */
  Hash128 *identity;      /* [nrows] */
  uint64_t nstrings;      /* at most 2^32 - 1 */
  StringRef *strings;     /* [nstrings] */
  size_t nfaults;
  RowFault *faults;       /* [nfaults] by row */
  Names *names;           /* reasons, metric names, annotation values: shared by all views */
  int limited;            /* read with a limit, and it was reached: rows behind it may have been left out */
  char *id_path;          /* the recipe's `id`: a path of the row; NULL if none. Never scanned by pii */
  struct VerdictLog *verdicts;   /* append-only logs that views point into: logs.h; NULL until the */
  struct EditLog *edits;         /* first view. corpus_unref calls logs_free */
} Corpus;

Corpus *corpus_ref(Corpus *c);     /* returns c */
void corpus_unref(Corpus *c);      /* closes maps and frees all at the last one; NULL is left alone */

static inline Span corpus_row_bytes(const Corpus *c, uint32_t row) {
  const RowRec *r = &c->rows[row];
  return span_of(c->sources[r->source].bytes + r->offset, r->len);
}
static inline const StringRef *corpus_row_strings(const Corpus *c, uint32_t row) {
  return c->strings + c->rows[row].first_string;
}
RowState corpus_row_state(const Corpus *c, uint32_t row);            /* O(log faults) */
const RowFault *corpus_row_fault(const Corpus *c, uint32_t row);     /* NULL if ROW_OK */

#endif
