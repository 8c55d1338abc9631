/* modules/corpus/source.h - one source of a corpus: from a path to bytes that hold a row a line.
** Private to corpus.c, reader.c and sniff.c; what the others may know is in corpus.h and reader.h. */
#ifndef TAMIS_SOURCE_H
#define TAMIS_SOURCE_H

#include <sys/stat.h>

#include "corpus/corpus.h"
#include "corpus/map.h"
#include "corpus/spool.h"

/* A record of a table, which may span lines, once it is spooled as one JSON object. */
typedef struct Record {
  uint64_t offset;        /* in the spool */
  uint32_t len;
  uint32_t line : 31;     /* of the file, where the record starts */
  uint32_t ragged : 1;    /* not as many cells as the header: its raw text is spooled instead */
} Record;

typedef struct Records {
  Record *record;         /* [n] owned */
  size_t n, cap;
  uint64_t blank;
  size_t columns;         /* of the header */
  char delimiter;
} Records;

struct SourceImpl {
  FileMap map;
  struct stat stat;       /* as the file was when it was opened */
  int stream;             /* no file that could be read again: standard input, a pipe */
  uint64_t start, stop;   /* rows lie in bytes[start, stop): behind a BOM, without a torn last line */
  int cut;                /* the bytes end where a damaged stream did, or at max_bytes */
  int table;              /* rows are records, not lines */
  Records records;
  char *damage;           /* taken all the same; NULL: none */
};

typedef struct SourceOptions {
  const char *spool_dir;
  int allow_damaged;
  uint64_t max_bytes;     /* look no further than this into it; 0: all */
} SourceOptions;

/* Steps *p behind the next line break, or to end; the line before it, without CR and LF. */
static inline Span next_line(const char **p, const char *end) {
  const char *begin = *p, *stop = memchr(begin, '\n', (size_t)(end - begin));
  *p = stop == NULL ? end : stop + 1;
  if (stop == NULL) stop = end;
  if (stop > begin && stop[-1] == '\r') stop--;
  return span_of(begin, (size_t)(stop - begin));
}

static inline int line_is_blank(Span line) {
  size_t i = 0;
  while (i < line.len && (line.ptr[i] == ' ' || line.ptr[i] == '\t' || line.ptr[i] == '\r')) i++;
  return i == line.len;
}

/* Opens s->path and makes s->bytes, len, file_bytes, impl. 0; -1 with err worded; POOL_INTERRUPTED. */
int source_open(Source *s, const SourceOptions *o, Error *err);
void source_close(Source *s);   /* unmaps; one never opened is left alone */

/* ---- which format (detect.c) ---- */

enum { SAMPLE_ROWS = 100 };
typedef struct Sample {
  size_t n;
  Span row[SAMPLE_ROWS];
  size_t lines, not_utf8, malformed;   /* looked at until there were enough; those that are no JSON */
} Sample;
/* The first rows of an open source that are objects. 0; -1 if out of memory. */
int source_sample(const Source *s, uint64_t max_line, Sample *out);
/* Chooses s->fmt, format and format_reason by those rows. 0; -1 with err worded. */
int source_detect(Source *s, struct Format *const *formats, size_t nformats, uint64_t max_line, Error *err);
/* Adds to s->format_reason what separates the cells of a table, if its name does not tell. 0; -1. */
int source_say_delimiter(Source *s, Error *err);
/* Words what is wrong with the rows, and which keys they have. Returns -1. */
int source_misfit(const Source *s, uint64_t max_line, const char *what, Error *err);

/* ---- what is no JSONL becomes it, into a spool ---- */

/* How a conversion ended, if not well: where (a byte of the text) and in what words. */
typedef struct Broken { uint64_t at; const char *why; } Broken;

/* Each element of the array in text on a line of its own, line breaks between its tokens made
** blanks. Broken.why stays NULL if the array is whole; else the whole elements before are there.
** 0; -1 with err worded; POOL_INTERRUPTED. */
int array_to_lines(Span text, Spool *out, Broken *broken, Error *err);

/* Each record of the table (RFC 4180; the first is the header) as one JSON object of strings.
** Blank records are skipped and counted. 0; -1 with err worded (path is for that);
** POOL_INTERRUPTED. */
int csv_to_lines(Span text, char delimiter, const char *path, Spool *out, Records *records,
                 Broken *broken, Error *err);
/* What separates the cells of a file named .csv: a comma; or of `;` tab `|` the one that the header
** holds more often and that splits most of the first records alike. 0; -1 with err worded, also
** where a header of one column holds one that does not. */
int csv_delimiter(Span text, const char *path, char *delimiter, Error *err);
/* What is wrong with the raw text of a ragged record, in words. 0; -1 if out of memory. */
int csv_fault(Span raw, const Records *records, char *words, size_t cap);

#endif
