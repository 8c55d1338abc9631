/* modules/corpus/evidence.h - evidence as JSON, and numbers as evidence writes them. */
#ifndef TAMIS_EVIDENCE_H
#define TAMIS_EVIDENCE_H

#include "corpus/view.h"

/* An integer value without a point: 3, not 3.0; others as json_out_double. 0, or -1 if out of memory. */
int evidence_number(Buf *b, double v);
/* {"spans": [{"field", "path", "start", "end", "type"}]} of strings of row r. 0, or -1 if out of memory. */
int evidence_spans(Buf *b, const Row *r, const EvidenceSpan *spans, size_t n);
/* The evidence of a line that could not be read: "field" and "offset" where there are any, "found" for a value of the
** wrong type ("number"), "value", "threshold" and "unit" (bytes, strings) of what is too long, or "detail" alone.
** 0, or -1 if out of memory. */
int evidence_fault(Buf *b, const Corpus *c, const RowFault *f);
/* The verdicts behind the deciding one, as an array of {"stage", "reason", "evidence"}. */
int evidence_also(Buf *b, const View *v, const Verdict *deciding);
/* The value of "_rejection" for a row that does not stand:
** {"stage", "reason", "evidence", "also", "source", "line"}; "also" only if there are others.
** 0, or -1 if out of memory. */
int evidence_rejection(Buf *b, const View *v, uint32_t row);

#endif
