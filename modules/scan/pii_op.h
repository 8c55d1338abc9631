/* modules/scan/pii_op.h - the row operator that looks for what a scanner knows in every string of
** a row but its id, and rejects, redacts or tags. No match crosses strings. Operators whose scanners stand
** behind one gate read each text once: who comes later takes what the gate saw, of a string that nobody has
** edited in between. */
#ifndef TAMIS_PII_OP_H
#define TAMIS_PII_OP_H

#include "corpus/rowop.h"
#include "scan/scan.h"

typedef enum ScanAction { SCAN_REJECT, SCAN_REDACT, SCAN_TAG, SCAN_PSEUDONYM } ScanAction;

typedef struct ScanPlan {
  const ScanAction *action;     /* [scanner_types] */
  const char *const *reason;    /* [scanner_types] names of rejections by type */
  const char *limit_reason;     /* rejects a row whose search met the limit, unless all is tagging */
  const char *annotation;       /* set to the found types, "EMAIL,PHONE", where one of them is a tag */
  Span key;                     /* of SCAN_PSEUDONYM (standin.h) */
  int across_rows;              /* one text has one stand-in in all rows; else in its row */
} ScanPlan;

/* Takes over scanner, also when it fails; the plan is copied. NULL with err worded. */
RowOp *pii_op(Scanner *scanner, const ScanPlan *plan, Error *err);

#endif
