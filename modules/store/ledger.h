/* modules/store/ledger.h - ledger.db: one record for each row that was read, in SQLite, for
** `explain`, `sweep`, the REPL and anybody.
**
**   rows     row (from 1), source, line, identity (16 bytes), id, status (0 kept, 1 rejected,
**            2 quarantined), stage, reason, evidence, also, output, output_line,
**            then a column for each metric, "stage.metric", and each annotation, "@name"
**   sources  source (from 1), path, kind, generator, trusted, format, sha256, bytes, rows, blank, attributes
**   outputs  output (from 1), name, rows, bytes, sha256
**   marks    output, line, offset, row: every FILE_MARK-th line of an output, its first byte there, and its row
**   stages   position (from 1), stage, name, params, seen, removed, seconds
**   edits    row, stage, path, start, raw_len: the strings that a stage changed, by their place in the
**            bytes of the row as it was read; spans: what it replaced there, where the stage told, a JSON array of
**            {"start", "end", "type", "action"} in code points of the text as the stage read it, never the text
**   pairs    stage, a, b (rows), value: verified pairs of copies. near_dedup leaves those at its
**            evidence_floor (0: its threshold) or above that its bands propose (method = "exact": all),
**            but for two kinds: a row that is the same as an earlier one once folded has a pair with one
**            of its like at 1, which has the rest; and two rows of clusters that are not complete may
**            lack their pair. So what a threshold at the floor or above keeps follows from the pairs
**            alone for rows that no chain of pairs connects with a cluster that is not complete; the
**            others must be compared again (neardup.sweep does both)
**   clusters stage, cluster (its kept row), rows (how many), complete (0: pairs may have been left out),
**            loosest (lowest value of a rejected row with the kept one)
**   members  stage, row, cluster: the rows of those clusters; a row in none is a complete cluster of its own
**   revived  stage, row, twin: rows that the stage had removed for the twin, and that stood again when a later
**            stage rejected that one
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

/* Rows that came back to a stage, and those that they had been removed for, from 0. */
typedef struct LedgerRevived {
  const char *stage;
  const uint32_t *row, *twin;          /* [n] */
  size_t n;
} LedgerRevived;

typedef struct LedgerMeta { const char *key, *value; } LedgerMeta;

typedef struct LedgerOptions {
  const ExportOutputs *outputs;        /* NULL: nothing was written */
  const LedgerStage *stage;            /* [nstages] in order */
  size_t nstages;
  const LedgerRevived *revived;        /* [nrevived] */
  size_t nrevived;
  const LedgerMeta *meta;              /* [nmeta] */
  size_t nmeta;
} LedgerOptions;

/* Writes the file under a temporary name, syncs it and renames it. 0; -1 with err worded;
** POOL_INTERRUPTED. When it fails nothing of it is left. */
int ledger_write(const View *v, const char *path, const LedgerOptions *o, Error *err);

#endif
