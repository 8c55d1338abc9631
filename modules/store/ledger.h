/* modules/store/ledger.h - ledger.db: one record for each row that was read, in SQLite, for
** `explain`, `sweep`, the REPL and anybody.
**
**   rows     row (from 1), source, line, identity (16 bytes), id, status (0 kept, 1 rejected,
**            2 quarantined), stage, reason, evidence, also, output, output_line,
**            then a column for each metric, "stage.metric", and each annotation, "@name"
**   sources  source (from 1), path, kind, generator, trusted, format, sha256, bytes, rows, blank, attributes
**   outputs  output (from 1), name, rows, bytes, sha256
**   stages   position (from 1), stage, name, params, seen, removed, seconds
**   edits    row, stage, path, start, raw_len: the strings that a stage changed, by their place in the
**            bytes of the row as it was read
**   pairs    stage, a, b (rows), value: verified pairs of copies
**   meta     key, value
** The view rows_named joins rows with their sources' and outputs' names. */
#ifndef TAMIS_LEDGER_H
#define TAMIS_LEDGER_H

#include "export/export.h"

typedef struct LedgerStage {
  const char *stage, *name, *params;   /* params: a JSON object; NULL: none */
  int64_t seen, removed, edited;
  double seconds;
} LedgerStage;

typedef struct LedgerMeta { const char *key, *value; } LedgerMeta;

typedef struct LedgerOptions {
  const ExportOutputs *outputs;        /* NULL: nothing was written */
  const LedgerStage *stage;            /* [nstages] in order */
  size_t nstages;
  const LedgerMeta *meta;              /* [nmeta] */
  size_t nmeta;
} LedgerOptions;

/* Writes the file under a temporary name, syncs it and renames it. 0; -1 with err worded;
** POOL_INTERRUPTED. When it fails nothing of it is left. */
int ledger_write(const View *v, const char *path, const LedgerOptions *o, Error *err);

#endif
