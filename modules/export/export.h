/* modules/export/export.h - the rows of a view as files: the kept ones, whole or in splits, the
** rejected and the quarantined. A row that nothing changed is written as it was read. */
#ifndef TAMIS_EXPORT_H
#define TAMIS_EXPORT_H

#include "core/file.h"
#include "core/pool.h"
#include "corpus/view.h"
#include "export/convert.h"

typedef enum ExportRejected { EXPORT_REJECTED_FULL, EXPORT_REJECTED_REFS, EXPORT_REJECTED_NONE } ExportRejected;

typedef struct ExportSplit { const char *name; double share; } ExportSplit;

/* Keys that belong to a format beside those that hold its fields: what extra = "drop" leaves. */
typedef struct ExportOwn { Span format, key; } ExportOwn;

enum { EXPORT_MAX_SPLITS = 64, EXPORT_MAX_INCLUDE = 64, EXPORT_NOWHERE = 0xFFFF };

typedef struct ExportOptions {
  const char *dir;
  ExportFormat format;
  Span system;                 /* ptr NULL: none; for rows that have no system text */
  int drop_extra;
  const ExportOwn *own;        /* [nown] */
  size_t nown;
  const Span *include;         /* [ninclude] annotations, attributes or metrics to put under metadata */
  size_t ninclude;
  Span weight;                 /* key that gets the row's weight, in place of one of that name; ptr NULL: none */
  Span weight_metric;          /* the metric that holds it; a row without one weighs 1 */
  ExportRejected rejected;
  const ExportSplit *split;    /* [nsplits] shares add up to 1; none: curated.jsonl */
  size_t nsplits;
  Span group;                  /* rows of one value of this key stay together; ptr NULL: by input */
  uint64_t seed;
  unsigned mode;               /* permissions of the files */
} ExportOptions;

typedef struct ExportOutput {
  char *name, *path;           /* "train.jsonl", dir/train.jsonl; owned */
  uint64_t rows;
  FileSum sum;
} ExportOutput;

/* Where each row went. */
typedef struct ExportOutputs {
  size_t n;
  ExportOutput output[EXPORT_MAX_SPLITS + 2];   /* kept ones first, then rejected, quarantined */
  size_t nkept;
  uint32_t nrows;
  uint16_t *place;             /* [nrows] index into output; EXPORT_NOWHERE: written nowhere */
  uint32_t *line;              /* [nrows] line in it, from 1 */
  char fingerprint[FILE_SHA256_HEX];   /* SHA-256 of the bytes of all outputs, in their order */
} ExportOutputs;

/* Writes all files. NULL with err worded; with err->text "" if interrupted. */
ExportOutputs *export_write(const View *v, const ExportOptions *o, Pool *pool, Error *err);
void export_outputs_free(ExportOutputs *o);     /* NULL is left alone */

/* Verdicts (reason "not_convertible") on standing rows that the format has no place for. The list
** is the caller's. NULL with err worded; "" if interrupted. */
VerdictList *export_check(const View *v, const ExportOptions *o, Pool *pool, Error *err);

#endif
